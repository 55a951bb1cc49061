import { jest } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import type { PulumiFn } from '@pulumi/pulumi/automation/index.js';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PolicyGuard } from '../engine/policy-guard.js';
import { SimulatedCloud } from '../engine/simulated-cloud.js';
import { GlobalSpecSchema } from '../global/global-inputs.js';
import { renderGlobal } from '../global/global.js';
import { evaluateResource, evaluateStack } from '../policy/evaluate.js';
import type { PolicyFacts } from '../policy/policy-rule.js';
import { engineHome, type EngineHome } from '../testing/fake-stack.js';
import { RegionSpecSchema } from './region-inputs.js';
import { renderRegion } from './region.js';
import '../testing/no-stack-traces.js';

/** Each `up` of a hundred resources writes and syncs the state some two hundred times; on a busy disk that takes a minute. */
jest.setTimeout(300_000);

let home: EngineHome;
beforeAll(async () => {
  home = await engineHome();
});
afterAll(() => home.remove());

const facts: PolicyFacts = {
  scope: 'region',
  owner: 'eu',
  jurisdiction: 'eu',
  awsRegion: 'eu-west-1',
  environment: 'production',
  profile: 'small',
  unprotected: false,
};
const guardFor = (of: PolicyFacts): PolicyGuard => ({
  judge: (resource) => evaluateResource(resource, of),
  judgeStack: (resources) => evaluateStack(resources, of),
});
const peerPassword = 'the password of another region';

const build = async (name: string, program: PulumiFn, of: PolicyFacts) => {
  const cloud = new SimulatedCloud(join(home.directory, `${name}.cloud.json`), 'eu-west-1');
  const first = await (await home.open(name, cloud, program, guardFor(of))).up();
  const second = await (await home.open(name, cloud, program, guardFor(of))).up();
  return { first, second };
};

test('the fleet’s stack, then a region on it: each is built under the policies, and a second run changes nothing', async () => {
  const global: PulumiFn = () => {
    const spec = GlobalSpecSchema.parse({
      domain: 'example.com',
      home: { jurisdiction: 'eu', awsRegion: 'eu-west-1' },
      regions: { eu: { awsRegion: 'eu-west-1', transitGatewayId: 'tgw-eu' }, us: { awsRegion: 'us-east-1', transitGatewayId: 'tgw-us' } },
    });
    return Promise.resolve({ ...renderGlobal({ spec }) });
  };
  const fleet = await build('fleet', global, { ...facts, scope: 'global', owner: 'fleet' });
  expect(fleet.second.summary.resourceChanges).toEqual({ same: fleet.first.summary.resourceChanges?.create });
  const fleetZoneId = fleet.first.outputs['zoneId']?.value as string;
  expect(fleetZoneId).toMatch(/^zone-/);

  const region: PulumiFn = () => {
    const spec = RegionSpecSchema.parse({
      name: 'eu',
      facts: { jurisdiction: 'eu', awsRegion: 'eu-west-1' },
      profile: 'small',
      version: '1.0.0',
      domain: 'example.com',
      fleetZoneId,
    });
    return Promise.resolve({ ...renderRegion({ spec, peers: pulumi.secret(`{"us":{"natsPassword":"${peerPassword}"}}`) }) });
  };
  const eu = await build('eu', region, facts);
  expect(eu.second.summary.resourceChanges).toEqual({ same: eu.first.summary.resourceChanges?.create });
  expect(eu.first.outputs['apiUrl']?.value).toBe('https://api.eu.example.com');
  const files = (await readdir(home.directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(3);
  for (const { parentPath, name: file } of files) expect(await readFile(join(parentPath, file), 'utf8')).not.toContain(peerPassword);
});
