import { jest } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { evaluateStack } from '../policy/evaluate.js';
import type { PolicyFacts } from '../policy/policy-rule.js';
import { types } from '../policy/resource-types.js';
import { goldenText, label, ofType, withoutStack } from '../testing/render-stack.js';
import { synthesize, type GraphResource } from '../testing/synthesize.js';
import { isStateful } from '../template/stateful.js';
import { globalProjectName, GlobalSpecSchema, type GlobalSpec } from './global-inputs.js';
import { renderGlobal } from './global.js';
import '../testing/no-stack-traces.js';

/** The first of a file loads the SDK; on a busy machine that takes seconds. */
jest.setTimeout(180_000);

const spec = (regions: GlobalSpec['regions']): GlobalSpec =>
  GlobalSpecSchema.parse({ domain: 'example.com', home: { jurisdiction: 'eu', awsRegion: 'eu-west-1' }, regions });
const first = spec({ eu: { awsRegion: 'eu-west-1' }, us: { awsRegion: 'us-east-1' } });
const joined = spec({
  eu: { awsRegion: 'eu-west-1', transitGatewayId: 'tgw-eu' },
  us: { awsRegion: 'us-east-1', transitGatewayId: 'tgw-us' },
  jp: { awsRegion: 'ap-northeast-1', transitGatewayId: 'tgw-jp' },
  br: { awsRegion: 'sa-east-1' },
});
const facts: PolicyFacts = {
  scope: 'global',
  owner: 'fleet',
  jurisdiction: 'eu',
  awsRegion: 'eu-west-1',
  environment: 'production',
  profile: 'small',
  unprotected: false,
};

const render = async (of: GlobalSpec): Promise<readonly GraphResource[]> =>
  withoutStack(await synthesize(globalProjectName, 'fleet', () => Promise.resolve({ ...renderGlobal({ spec: of }) })));

test('the fleet’s own stack renders the graph that is written down', async () => {
  const file = join(import.meta.dirname, '..', 'template', 'golden', 'global.json');
  const text = goldenText(await render(joined));
  // To accept a wanted change: UPDATE_GOLDEN=1 with this test, then read the difference in review.
  if (process.env['UPDATE_GOLDEN']) await writeFile(file, text);
  expect(JSON.parse(text)).toEqual(JSON.parse(await readFile(file, 'utf8')));
});

test('it breaks no policy, and what holds data is protected', async () => {
  const graph = (await render(joined)).filter((r) => r.custom);
  expect(evaluateStack(graph, facts)).toEqual([]);
  const stateful = graph.filter((r) => isStateful(r.type));
  expect(new Set(stateful.map((r) => r.type))).toEqual(new Set([types.key, types.bucket, types.repository, 'aws:route53/zone:Zone']));
  expect(stateful.filter((r) => !r.protect).map(label)).toEqual([]);
});

test('every pair of regions that have a transit gateway is joined once, with a route each way; the others wait', async () => {
  const joins = (graph: readonly GraphResource[]) =>
    ofType(graph, 'aws:ec2transitgateway/peeringAttachment:PeeringAttachment').map((r) => r.name);
  expect(joins(await render(first))).toEqual([]);
  const graph = await render(joined);
  expect(joins(graph).sort()).toEqual(['fleet-eu-jp', 'fleet-eu-us', 'fleet-us-jp']);
  const routes = ofType(graph, 'aws:ec2transitgateway/route:Route');
  expect(routes.map((r) => `${r.name} ${String(r.inputs['destinationCidrBlock'])}`).sort()).toEqual([
    'fleet-eu-to-jp 10.112.0.0/13',
    'fleet-eu-to-us 10.8.0.0/13',
    'fleet-jp-to-eu 10.0.0.0/13',
    'fleet-jp-to-us 10.8.0.0/13',
    'fleet-us-to-eu 10.0.0.0/13',
    'fleet-us-to-jp 10.112.0.0/13',
  ]);
});

test('images have copies in every region, under versions that can’t be moved', async () => {
  const graph = await render(joined);
  expect(ofType(graph, types.repository).map((r) => [r.inputs['name'], r.inputs['imageTagMutability']])).toEqual([
    ['lapidary/lapidary', 'IMMUTABLE'],
    ['lapidary/workload', 'IMMUTABLE'],
  ]);
  const [copies] = ofType(graph, 'aws:ecr/replicationConfiguration:ReplicationConfiguration');
  for (const region of ['us-east-1', 'ap-northeast-1', 'sa-east-1']) expect(JSON.stringify(copies?.inputs)).toContain(region);
});
