import { StampNameSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { stampsTable } from '../output/fleet-tables.js';
import { ReasonField } from './fields.js';

const Input = z.object({ stamp: StampNameSchema, reason: ReasonField });

export const stampsUncordon: Command = async (invocation) => {
  const { stamp: name, reason } = invocation.parse(Input, { stamp: invocation.args[0], reason: invocation.options.reason });
  const stamp = await invocation.connect().uncordon(name, reason);
  await invocation.output.result({ data: stamp, name: stamp.name, table: (view) => stampsTable([stamp], view) });
};
