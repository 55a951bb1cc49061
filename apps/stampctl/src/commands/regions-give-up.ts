import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { GiveUpRegionSchema } from '@lapidary/contracts/api/given-up-regions';
import { z } from 'zod';
import { RegionsApi } from '../client/regions-api.js';
import type { Command } from '../invocation.js';
import { confirmByName } from '../output/confirm.js';
import { renderFacts } from '../output/table.js';
import { required } from './fields.js';

const Arguments = z.object({ region: RegionNameSchema });

/** Asked in a region that remains: the lost one can't give itself up. */
export const regionsGiveUp: Command = async (invocation) => {
  const { output, options, signal } = invocation;
  const { region } = invocation.parse(Arguments, { region: invocation.args[0] });
  const successor = required(
    options.successor,
    '--successor',
    'Name the region that takes over its tenants: "stampctl regions ls" lists them.',
  );
  const reason = required(options.reason, '--reason', 'Say why: every region keeps the reason, and the audit log.');
  const body = invocation.parse(GiveUpRegionSchema, { successor, reason });
  const consequence = `makes its tenants those of ${body.successor}, retires its stamps, and loses for good what nobody else holds of it; it is never believed again`;
  await confirmByName(output, `Giving up ${region}`, consequence, region, options.yes === true, signal);
  const givenUp = await new RegionsApi(invocation.connect().http).giveUp(region, body);
  await output.result({
    data: givenUp,
    name: region,
    table: () =>
      renderFacts([
        ['given up', region],
        ['successor', givenUp.successor],
        ['in region', givenUp.declaredIn],
        ['by', givenUp.by],
        ['at', givenUp.at],
        ['reason', givenUp.reason],
      ]),
  });
  output.hint('It takes effect once every region that remains has agreed: stampctl regions ls says for whom it waits.');
};
