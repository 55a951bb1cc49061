import * as pulumi from '@pulumi/pulumi';
import type { SynthRequest, Synthesis } from '@lapidary/contracts/planner-protocol';
import { evaluateStack } from '../../policy/evaluate.js';
import { policyFactsOf } from '../../template/policy-facts.js';
import { monthlyCostOf } from '../../template/prices.js';
import { projectName } from '../../template/stamp-template.js';
import { runInProcess } from '../in-process-program.js';
import { masked, unknownValue, type PropertyMap } from '../property-values.js';
import { simulatedInvoke } from '../simulated-outputs.js';
import { templateOf } from '../templates.js';
import { isProviderType } from '../urn.js';
import { recordingMonitor, type GraphResource } from './recording-monitor.js';

/** What the template renders for a spec: nobody is asked, nothing is read, nothing is written. */
export const renderGraph = async ({ spec, regionFacts, local, templateVersion: wanted }: SynthRequest): Promise<Synthesis> => {
  const template = await templateOf(wanted);
  const resources: GraphResource[] = [];
  const monitor = recordingMonitor(projectName, spec.name, resources, simulatedInvoke(regionFacts.awsRegion));
  const { graphDigest, templateVersion } = await runInProcess({
    project: projectName,
    stack: spec.name,
    config: {},
    monitor,
    // Inside the run: an Output belongs to the run that made it. The password itself never shows in the graph.
    program: () => template.render({ spec, region: regionFacts, local: local ?? undefined, natsPassword: pulumi.secret('') }),
  });
  return {
    graphDigest: String(graphDigest),
    templateVersion: String(templateVersion),
    resources: resources.filter(isRealised).map(({ type, name, protect, inputs }) => ({ type, name, protect, inputs: shown(inputs) })),
    policy: [...evaluateStack(resources, policyFactsOf(spec, regionFacts))],
    monthlyCost: monthlyCostOf(resources),
  };
};

const isRealised = ({ custom, type }: GraphResource): boolean => custom && !isProviderType(type);

const shown = (inputs: PropertyMap): Record<string, unknown> =>
  JSON.parse(JSON.stringify(masked(inputs), (_key, value: unknown) => (value === unknownValue ? null : value))) as Record<string, unknown>;
