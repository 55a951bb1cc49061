import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { PlannerProcess } from '../provisioning/planner-process.js';
import { provisionRunOf, synthRequestOf } from '../provisioning/provision-run.js';
import type { World } from './drift-facts.js';

/** The world as the warm planner reads it; it writes nothing and may be killed at any time. */
export const plannerWorld = (config: ControlPlaneConfig, planner: Pick<PlannerProcess, 'read' | 'synthesize'>): World => ({
  render: async (spec, regionFacts, signal, templateVersion) =>
    await planner.synthesize(synthRequestOf(provisionRunOf(config, spec, regionFacts, templateVersion)), signal),
  driftedResources: async (spec, regionFacts, signal) =>
    (await planner.read({ ...provisionRunOf(config, spec, regionFacts), operation: 'drift' }, signal)).drifted,
});
