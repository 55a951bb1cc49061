import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import { LimitsApi } from '../client/limits-api.js';
import type { Command } from '../invocation.js';
import { limitsText } from '../output/limits-text.js';

const Arguments = z.object({ region: RegionNameSchema });

/** As data it is the document alone, which "limits set" takes. */
export const limitsShow: Command = async (invocation) => {
  const { region } = invocation.parse(Arguments, { region: invocation.args[0] });
  const limits = await new LimitsApi(invocation.connect()).show(region);
  await invocation.output.result({ data: limits.document, name: region, table: (view) => limitsText(limits, view) });
};
