import { runInProcess } from '../engine/in-process-program.js';
import { simulatedInvoke } from '../engine/simulated-outputs.js';
import { recordingMonitor, type GraphResource } from '../engine/synth/recording-monitor.js';

export type { GraphResource };

/** What the program registers, without running anything: the rendered graph. */
export const synthesize = async (project: string, stack: string, program: () => Promise<unknown>): Promise<readonly GraphResource[]> => {
  const resources: GraphResource[] = [];
  const monitor = recordingMonitor(project, stack, resources, simulatedInvoke('eu-central-1'));
  await runInProcess({ project, stack, config: {}, monitor, program });
  return resources;
};
