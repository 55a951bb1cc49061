import { StampNameSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { stampFacts } from '../output/fleet-facts.js';

const Arguments = z.object({ stamp: StampNameSchema });

export const stampsShow: Command = async (invocation) => {
  const { stamp: name } = invocation.parse(Arguments, { stamp: invocation.args[0] });
  const stamp = await invocation.connect().stamp(name);
  await invocation.output.result({ data: stamp, name: stamp.name, table: (view) => stampFacts(stamp, view) });
};
