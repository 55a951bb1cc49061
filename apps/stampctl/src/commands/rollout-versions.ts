import { exitCodes } from '@lapidary/kernel/error-catalogue';
import type { Command } from '../invocation.js';
import { versionsText } from '../output/rollout-text.js';
import { rolloutsOf } from './rollout-choice.js';

export const rolloutVersions: Command = async (invocation) => {
  const skew = await rolloutsOf(invocation).versions();
  await invocation.output.result({
    data: skew,
    name: skew.workload.map((v) => v.version ?? 'unknown'),
    table: (view) => versionsText(skew, view),
  });
  if (skew.workload.length > 1 || skew.template.length > 1) return exitCodes.changes;
  return undefined;
};
