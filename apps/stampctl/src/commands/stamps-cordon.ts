import { StampNameSchema } from '@lapidary/contracts/api/common';
import { CordonRequestSchema } from '@lapidary/contracts/api/stamps';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { stampsTable } from '../output/fleet-tables.js';
import { required } from './fields.js';

const Input = z.object({ stamp: StampNameSchema }).extend(CordonRequestSchema.shape);

export const stampsCordon: Command = async (invocation) => {
  const given = required(invocation.options.reason, '--reason', 'Say why, so that whoever meets the cordon knows when it may go.');
  const { stamp: name, reason } = invocation.parse(Input, { stamp: invocation.args[0], reason: given });
  const stamp = await invocation.connect().cordon(name, reason);
  invocation.output.hint(`${name} takes no new tenants; the ${stamp.tenants} it holds stay. Undo: stampctl stamps uncordon ${name}`);
  await invocation.output.result({ data: stamp, name: stamp.name, table: (view) => stampsTable([stamp], view) });
};
