import { jest } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { label, renderSpec } from '../testing/render-stack.js';
import { specOf } from '../testing/specs.js';
import type { GraphResource } from '../testing/synthesize.js';
import { templateVersion } from './template-version.js';
import '../testing/no-stack-traces.js';

/** The first of a file loads the SDK; on a busy machine that takes seconds. */
jest.setTimeout(180_000);

test('the local target renders a tree of the same parts: network, data, compute', async () => {
  const { graph } = await renderSpec(specOf({ driver: 'local' }));
  expect(treeOf(graph)).toEqual({
    'lapidary:stamp:Stamp eu-2': ['Compute eu-2-compute', 'Data eu-2-data', 'Network eu-2-network'],
    'lapidary:stamp:Network eu-2-network': ['Port eu-2-front-door', 'Port eu-2-workload'],
    'lapidary:stamp:Data eu-2-data': ['Database eu-2-database', 'Secret eu-2-database-password'],
    'lapidary:stamp:Compute eu-2-compute': ['Process eu-2-agent', 'Process eu-2-storefront', 'Secret eu-2-agent-token'],
  });
  const onAws = treeOf((await renderSpec(specOf())).graph);
  expect(onAws['lapidary:stamp:Stamp eu-2']).toEqual([
    'Compute eu-2-compute',
    'Data eu-2-data',
    'Edge eu-2-edge',
    'Groups eu-2-groups',
    'Keys eu-2-keys',
    'Messaging eu-2-messaging',
    'Network eu-2-network',
    'Observability eu-2-observability',
    'aws eu-2-aws',
  ]);
});

test('the template’s version is that of its package, which the control plane reports', async () => {
  const manifest = JSON.parse(await readFile(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as { version: string };
  expect(manifest.version).toBe(templateVersion);
});

test.each(['aws', 'local'] as const)(
  'the digest of the %s graph is equal for equal specs and differs with anything that is rendered',
  async (driver) => {
    const { digest } = await renderSpec(specOf({ driver }));
    expect((await renderSpec(specOf({ driver }))).digest).toBe(digest);
    expect((await renderSpec(specOf({ driver, profile: 'large' }))).digest).not.toBe(digest);
    expect((await renderSpec(specOf({ driver, workload: { version: '2' } }))).digest).not.toBe(digest);
    // Capacity is the control plane's business: it renders nothing.
    expect((await renderSpec(specOf({ driver, capacity: { units: 7 } }))).digest).toBe(digest);
  },
);

const treeOf = (graph: readonly GraphResource[]): Record<string, string[]> => {
  const tree: Record<string, string[]> = {};
  for (const component of graph.filter((r) => !r.custom)) {
    const children = graph.filter((r) => r.parent === component.name && r !== component);
    tree[label(component)] = children.map((r) => `${r.type.split(':').at(-1)} ${r.name}`).sort();
  }
  return tree;
};
