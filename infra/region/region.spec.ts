import { jest } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { profiles } from '@lapidary/contracts/stamp-spec';
import { containsSecret } from '../engine/property-values.js';
import { evaluateStack } from '../policy/evaluate.js';
import type { PolicyFacts } from '../policy/policy-rule.js';
import { types } from '../policy/resource-types.js';
import { goldenText, label, ofType, withoutStack } from '../testing/render-stack.js';
import { synthesize, type GraphResource } from '../testing/synthesize.js';
import { parameterName, regionParameters, secretsKeyAlias, type RegionParameter } from '../template/aws/region-parameters.js';
import { monthlyCostOf } from '../template/prices.js';
import { isStateful } from '../template/stateful.js';
import { readRegionInputs, regionProjectName, RegionSpecSchema, type RegionSpec } from './region-inputs.js';
import { regionSizeOf } from './region-sizes.js';
import { renderRegion } from './region.js';
import '../testing/no-stack-traces.js';

/** The first of a file loads the SDK; on a busy machine that takes seconds. */
jest.setTimeout(180_000);

const peers = '{"us":{"natsUrl":"wss://nats.us.example.com:443","natsUser":"peer-eu","natsPassword":"a peer’s password"}}';
const regionKeys = { own: pulumi.secret('{"keys":"a private key"}'), peers: pulumi.secret('{"us":{}}') };
const specOf = (profile: RegionSpec['profile'] = 'small'): RegionSpec =>
  RegionSpecSchema.parse({
    name: 'eu',
    facts: { jurisdiction: 'eu', awsRegion: 'eu-west-1' },
    profile,
    version: '1.0.0',
    domain: 'example.com',
    fleetZoneId: 'Z1',
    peers: ['us'],
    pagers: [{ protocol: 'email', endpoint: 'on-call@example.com' }],
  });
const render = async (spec: RegionSpec, unprotected = false, signing = true): Promise<readonly GraphResource[]> =>
  withoutStack(
    await synthesize(regionProjectName, spec.name, () =>
      Promise.resolve({
        ...renderRegion({ spec, peers: pulumi.secret(peers), unprotected, regionKeys: signing ? regionKeys : undefined }),
      }),
    ),
  );
const factsOf = (spec: RegionSpec, unprotected = false): PolicyFacts => ({
  scope: 'region',
  owner: spec.name,
  jurisdiction: 'eu',
  awsRegion: 'eu-west-1',
  environment: 'production',
  profile: spec.profile,
  unprotected,
});
const custom = (graph: readonly GraphResource[]): readonly GraphResource[] => graph.filter((r) => r.custom);

test('a region renders the graph that is written down', async () => {
  const file = join(import.meta.dirname, '..', 'template', 'golden', 'region-small.json');
  const text = goldenText(await render(specOf()));
  // To accept a wanted change: UPDATE_GOLDEN=1 with this test, then read the difference in review.
  if (process.env['UPDATE_GOLDEN']) await writeFile(file, text);
  expect(JSON.parse(text)).toEqual(JSON.parse(await readFile(file, 'utf8')));
});

test.each(profiles)('a %s region breaks no policy and costs no more than its size may', async (profile) => {
  const graph = custom(await render(specOf(profile)));
  expect(evaluateStack(graph, factsOf(specOf(profile)))).toEqual([]);
  const cost = monthlyCostOf(graph);
  expect(cost?.usd).toBeGreaterThan(200);
  expect(cost?.usd).toBeLessThan(regionSizeOf[profile].monthlyUsdMax);
  expect(graph.filter((r) => isStateful(r.type) && !r.protect).map(label)).toEqual([]);
  const lifted = custom(await render(specOf(profile), true));
  expect(lifted.filter((r) => r.protect).map(label)).toEqual([]);
});

test('a region in the wrong place is refused (I3)', async () => {
  const spec = { ...specOf(), facts: { jurisdiction: 'eu', awsRegion: 'us-east-1' } };
  const findings = evaluateStack(custom(await render(spec)), { ...factsOf(spec), awsRegion: 'us-east-1' });
  expect(findings.some((f) => f.rule === 'allowed-regions' && f.level === 'mandatory')).toBe(true);
});

test('stamps find every parameter that they look up, the secret ones under the key that they may use', async () => {
  const graph = await render(specOf());
  const written = new Map(ofType(graph, 'aws:ssm/parameter:Parameter').map((r) => [r.inputs['name'], r.inputs['type']]));
  const wanted = (Object.keys(regionParameters) as RegionParameter[]).map((parameter) => [
    parameterName('eu', parameter),
    ['agentNatsPassword', 'natsLeafUrl'].includes(parameter) ? 'SecureString' : 'String',
  ]);
  expect(written).toEqual(new Map(wanted as [string, string][]));
  expect(ofType(graph, 'aws:kms/alias:Alias').map((r) => r.inputs['name'])).toContain(secretsKeyAlias('eu'));
});

test('the world reaches one door, on port 443; only tenants’ and people’s names lead there', async () => {
  const graph = await render(specOf());
  const open = ofType(graph, types.securityGroup).filter((r) => JSON.stringify(r.inputs['ingress']).includes('0.0.0.0/0'));
  expect(open.map((r) => r.name)).toEqual(['eu-public-door']);
  expect(
    ofType(graph, types.loadBalancer)
      .map((r) => [r.name, r.inputs['internal']])
      .sort(),
  ).toEqual([
    ['eu-nats', true],
    ['eu-public-door', false],
  ]);
  expect(ofType(graph, types.database)[0]?.inputs).toMatchObject({ publiclyAccessible: false, multiAz: true, dbName: 'control_plane' });
});

test('no secret is plain: neither what is generated nor the passwords of the other regions', async () => {
  const graph = custom(await render(specOf()));
  const secret = graph.filter((r) => containsSecret(r.inputs)).map((r) => r.type);
  expect(new Set(secret)).toEqual(new Set([types.secretVersion, 'aws:ssm/parameter:Parameter']));
  const text = goldenText(graph);
  expect(text).not.toContain('a peer’s password');
  expect(text).not.toContain('a private key');
  expect(text).not.toMatch(/"value":"wss:\/\/leaf:/);
});

test('the program reads a spec that is complete, and says what is wrong with one that is not', () => {
  const config = (spec: unknown, given: Record<string, string> = {}) => {
    const getSecret = (name: string) => given[name];
    return { requireObject: () => spec, getBoolean: () => undefined, requireSecret: () => peers, getSecret } as unknown as pulumi.Config;
  };
  expect(readRegionInputs(config(specOf())).spec.name).toBe('eu');
  expect(readRegionInputs(config(specOf())).regionKeys).toBeUndefined();
  expect(readRegionInputs(config(specOf(), { signingKeys: '{}', peerKeys: '{}' })).regionKeys).toEqual({ own: '{}', peers: '{}' });
  expect(() => readRegionInputs(config(specOf(), { signingKeys: '{}' }))).toThrow('together');
  expect(() => readRegionInputs(config({ ...specOf(), colour: 'red' }))).toThrow('colour');
  expect(() => readRegionInputs(config({ ...specOf(), domain: 'EXAMPLE' }))).toThrow('domain');
});

test('control planes, and nobody else, are given the keys of their region as files; without keys they are told of none', async () => {
  const serviceOf = async (what: string, signing: boolean) =>
    (await render(specOf(), false, signing)).find((r) => r.name === `eu-${what}-service`)!.inputs as { env: object; secrets: object };
  const { env, secrets } = await serviceOf('control-plane', true);
  expect(env).toMatchObject({ LAPIDARY_SIGNING_KEYS_FILE: '/tmp/signing-keys.json', LAPIDARY_PEER_KEYS_FILE: '/tmp/peer-keys.json' });
  expect(Object.keys(secrets)).toEqual(expect.arrayContaining(['SIGNING_KEYS', 'PEER_KEYS']));
  for (const [what, signing] of [
    ['router', true],
    ['control-plane', false],
  ] as const)
    expect(JSON.stringify(await serviceOf(what, signing))).not.toMatch(/SIGNING_KEYS|PEER_KEYS/);
});

test('while the key of the routers’ copies changes, routers are given the one before, too, and else nobody', async () => {
  const serviceOf = async (directoryKeyChanges: boolean) =>
    (await render({ ...specOf(), directoryKeyChanges })).find((r) => r.name === 'eu-router-service')!.inputs;
  expect(JSON.stringify(await serviceOf(false))).not.toContain('PREVIOUS');
  const { env, secrets } = await serviceOf(true);
  expect(env).toMatchObject({ LAPIDARY_DIRECTORY_PREVIOUS_KEY_FILE: '/tmp/directory.previous.key' });
  expect(Object.keys(secrets as object)).toEqual(['DIRECTORY_KEY', 'DIRECTORY_PREVIOUS_KEY', 'LAPIDARY_NATS_PASSWORD']);
});
