import { DriftIdSchema } from '@lapidary/contracts/api/drift';
import { z } from 'zod';
import { DriftApi } from '../client/drift-api.js';
import type { Command } from '../invocation.js';
import { findingFacts } from '../output/drift-text.js';

const Arguments = z.object({ finding: DriftIdSchema });

export const driftShow: Command = async (invocation) => {
  const { finding: id } = invocation.parse(Arguments, { finding: invocation.args[0] });
  const finding = await new DriftApi(invocation.connect()).finding(id);
  await invocation.output.result({ data: finding, name: finding.id, table: (view) => findingFacts(finding, view) });
  if (finding.state === 'open')
    invocation.output.hint(`Put it right, or hide it for a while: stampctl drift suppress ${id} --owner <you> --reason <why> --for 7d`);
};
