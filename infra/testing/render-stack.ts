import * as pulumi from '@pulumi/pulumi';
import type { RegionFacts, StampSpec } from '@lapidary/contracts/stamp-spec';
import { masked, unknownValue, type PropertyMap } from '../engine/property-values.js';
import { projectName } from '../template/stamp-template.js';
import { renderStamp, type StampProgramOutputs } from '../template/stamp.js';
import { euFacts } from './specs.js';
import { synthesize, type GraphResource } from './synthesize.js';

const localFacts = { postgresServer: '127.0.0.1:5432', natsUrl: 'nats://127.0.0.1:4222', natsUser: 'agent', processDir: '/processes' };

export interface Rendered {
  readonly graph: readonly GraphResource[];
  readonly digest: string;
}

/** What the template makes of a spec, without an engine. */
export const renderSpec = async (
  spec: StampSpec,
  region: RegionFacts = euFacts,
  more: { readonly unprotected?: boolean } = {},
): Promise<Rendered> => {
  let outputs: StampProgramOutputs | undefined;
  const graph = await synthesize(projectName, spec.name, async () => {
    const local = spec.driver === 'local' ? localFacts : undefined;
    outputs = await renderStamp({ spec, region, local, natsPassword: pulumi.secret('a nats password'), ...more });
    return { ...outputs };
  });
  return { graph: withoutStack(graph), digest: outputs?.graphDigest as string };
};

export const withoutStack = (graph: readonly GraphResource[]): readonly GraphResource[] =>
  graph.filter((r) => r.type !== 'pulumi:pulumi:Stack');

export const ofType = (graph: readonly GraphResource[], type: string): readonly GraphResource[] => graph.filter((r) => r.type === type);
export const label = (r: GraphResource): string => `${r.type} ${r.name}`;

/** One line per resource, sorted: what a review of a change of the template reads. */
export const goldenText = (graph: readonly GraphResource[]): string => {
  const lines = graph
    .map(({ type, name, parent, protect, inputs }) => ({ type, name, parent, ...(protect ? { protect } : {}), inputs: shown(inputs) }))
    .map((r) => JSON.stringify(r))
    .sort();
  return `[\n${lines.join(',\n')}\n]\n`;
};

/** Unknowns are told as such; what the same text holds beside them, such as a policy document, can't be told apart from them. */
const shown = (inputs: PropertyMap): unknown =>
  JSON.parse(JSON.stringify(masked(inputs), (_, value: unknown) => (value === unknownValue ? '<at run time>' : value)));
