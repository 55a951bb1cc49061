import { RolloutIdSchema } from '@lapidary/contracts/api/rollouts';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { confirmByName } from '../output/confirm.js';
import { renderFacts } from '../output/table.js';
import { ReasonField } from './fields.js';
import { rolloutsOf } from './rollout-choice.js';

const Arguments = z.object({ rollout: RolloutIdSchema });
const Options = z.object({ reason: ReasonField });

/** Its region can't be asked what it is, so that the id has to be said. */
export const rolloutGiveUp: Command = async (invocation) => {
  const { output, options, signal } = invocation;
  const { rollout } = invocation.parse(Arguments, { rollout: invocation.args[0] });
  const { reason } = invocation.parse(Options, options);
  const consequence = 'lets go of its stamps in every region, as they are; its region, should it come back, ends it';
  await confirmByName(output, `Giving up ${rollout}`, consequence, rollout, options.yes === true, signal);
  const givenUp = await rolloutsOf(invocation).giveUp(rollout, reason);
  const { region, by, at } = givenUp;
  await output.result({
    data: givenUp,
    name: rollout,
    table: () =>
      renderFacts([
        ['given up', rollout],
        ['in region', region],
        ['by', by],
        ['at', at],
        ['reason', givenUp.reason],
      ]),
  });
  output.hint('Roll out again: stampctl rollout start; stamps that have the version are passed by.');
};
