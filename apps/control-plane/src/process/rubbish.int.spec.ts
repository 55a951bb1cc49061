import * as subjects from '@lapidary/contracts/subjects';
import { rowsOf } from '@lapidary/db/rows';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import { errorHeader } from '@lapidary/messaging/json-messages';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { rubbish } from '@lapidary/testing/rubbish';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import { testLink } from '../outbox/testing/test-region.js';
import { askGeode, openGeode, type Geode } from '../../test/geode.js';
import { DigestsModule } from '../digests/digests.module.js';
import { serveSchema } from '../drift/schema/serve-schema.js';
import { SystemModule } from '../http/system.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { RecoveryModule } from '../recovery/recovery.module.js';

const askMs = 20_000;
const [region, peer] = [freshRegion(), freshRegion()];
let geode: Geode;
let stopSchema: () => void;
let raw: Awaited<ReturnType<typeof testLink>>;

beforeAll(async () => {
  geode = await openGeode(region, { region: peer, natsUrl: testNats().url }, [SystemModule, DigestsModule, LimitsModule, RecoveryModule]);
  stopSchema = serveSchema(geode.resources.nats, geode.resources.dataSource, region, [peer]);
  raw = await testLink(testNats().url, 'test:raw');
}, 60_000);
afterAll(async () => {
  stopSchema?.();
  await raw?.close();
  await geode?.close();
});

/** What a control plane is asked, with a question that it takes. */
const asked: Readonly<Record<string, { readonly subject: string; readonly true: unknown }>> = {
  'a back-fill': { subject: subjects.geoBackfill(region, peer), true: { epoch: 1, from: 1, to: 1 } },
  contents: { subject: subjects.geoContents(region, peer), true: { epoch: 1, from: 1, to: 1 } },
  'where it stands': { subject: subjects.geoAck(region, peer), true: { peer, epoch: 0, sequence: 0 } },
  'symbols of a sketch': {
    subject: subjects.geoSketch(region, peer),
    true: { want: 'buckets', collection: 'orders', kind: 'append', audience: '' },
  },
  digests: { subject: subjects.geoDigest(region, peer), true: { want: 'root' } },
  'what it holds of a restored region': { subject: subjects.geoRecovery(region, peer), true: { want: 'log' } },
  'its API': { subject: subjects.apiForward(region, peer), true: null },
  'its schemas': { subject: subjects.geoSchema(region, peer), true: { want: 'schemas' } },
  'an intent': {
    subject: subjects.apiIntents(region, peer),
    true: { want: 'cancel', id: newId(), expiresAt: new Date(1).toISOString(), by: 'x' },
  },
  'a page of the directory': { subject: subjects.directorySnapshot(region), true: { after: null, limit: 1 } },
  'a registration': { subject: subjects.agentRegister(region), true: null },
  'what a stamp holds': { subject: subjects.agentSync(region), true: { stamp: `${region}-1`, instanceId: newId(), epoch: 1 } },
  credentials: {
    subject: subjects.agentCredentials(region),
    true: { stamp: `${region}-1`, instanceId: newId(), epoch: 1, token: 'x'.repeat(16) },
  },
  limits: { subject: subjects.routerLimits(region), true: { version: null } },
};
/** What it is told. */
const told: readonly string[] = [
  subjects.agentHeartbeat(region),
  subjects.routerHeartbeat(region),
  subjects.routerTraffic(region),
  subjects.liveEvents(region),
];

const refusedOn = async (subject: string): Promise<number> => {
  const { values } = await geode.resources.metrics.lapidary_nats_refused_total.get();
  return values
    .filter((v) => v.labels['subject'] === subject && v.labels['why'] === 'malformed')
    .reduce((sum, { value }) => sum + value, 0);
};
const failedOn = async (): Promise<unknown[]> =>
  (await geode.resources.metrics.lapidary_nats_refused_total.get()).values.filter((v) => v.labels['why'] === 'failed');
const ask = async (subject: string, body: string | Uint8Array, head?: MsgHdrs): Promise<Msg> =>
  await raw.connection.request(subject, body, { timeout: askMs, headers: head });

/** What routers and agents hear, what is only read from a stream, and what is no subject. */
const heardElsewhere: readonly (keyof typeof subjects)[] = [
  ...(['geoStream', 'geoEvents', 'directoryStream', 'directoryEntry', 'directoryAll', 'partiesOf'] as const),
  ...(['directoryDigest', 'routerExplain', 'routerLimitsChanged', 'routerBudget', 'routerReplica', 'routerReplicas'] as const),
  ...(['agentReplica', 'agentHold', 'agentFence'] as const),
];

it('every subject that a control plane hears is tried here', () => {
  const tried = new Set([...Object.values(asked).map(({ subject }) => subject), ...told]);
  const builders = Object.entries(subjects).filter(([name]) => !heardElsewhere.includes(name as keyof typeof subjects));
  for (const [name, build] of builders)
    expect([name, tried.has((build as (...of: string[]) => string)(region, peer))]).toEqual([name, true]);
});

describe('who has a region’s credentials, and sends rubbish', () => {
  it.each(Object.entries(asked))(
    'is told so when it asks for %s, each time; it is counted, and a true question is answered behind it',
    async (_, what) => {
      const before = await refusedOn(what.subject);
      for (const [kind, [body, head]] of Object.entries(rubbish)) {
        const answer = await ask(what.subject, body, head);
        expect([kind, answer.headers?.get(errorHeader)]).toEqual([kind, 'invalid_input']);
      }
      expect((await refusedOn(what.subject)) - before).toBe(Object.keys(rubbish).length);
      if (what.true !== null) {
        const answer = await ask(what.subject, JSON.stringify(what.true));
        expect(answer.headers?.get(errorHeader) ?? '').toBe('');
      }
      expect(await failedOn()).toEqual([]);
    },
    60_000,
  );

  const integerMax = 2 ** 31 - 1;
  const domain = { collection: 'orders', kind: 'append', audience: '' };
  const agent = { stamp: `${region}-1`, instanceId: newId(), epoch: integerMax + 1 };
  const command = { method: 'POST', url: '/v1/tenants', headers: {}, body: '{', principal: { actor: 'x', bindings: [] } };
  const far = new Date(Date.now() + 100 * 365 * 86_400_000).toISOString();
  const intent = { want: 'execute', id: newId(), expiresAt: far, command };
  it.each<[string, string, unknown]>([
    ['an epoch that no region begins', subjects.geoAck(region, peer), { peer, epoch: integerMax + 1, sequence: 0 }],
    ['another peer’s name', subjects.geoAck(region, peer), { peer: 'somebody', epoch: 1, sequence: 0 }],
    ['a whole log at once', subjects.geoBackfill(region, peer), { epoch: 1, from: 1, to: Number.MAX_SAFE_INTEGER }],
    ['a log backwards', subjects.geoBackfill(region, peer), { epoch: 1, from: Number.MAX_SAFE_INTEGER, to: 1 }],
    ['the log of an epoch to come', subjects.geoBackfill(region, peer), { epoch: integerMax + 1, from: 1, to: 2 }],
    ['contents of nobody', subjects.geoContents(region, peer), { epoch: 1, from: 1, to: Number.MAX_SAFE_INTEGER, tenant: '../*' }],
    ['contents of U+0000', subjects.geoContents(region, peer), { epoch: 1, from: 1, to: 2, tenant: '\u0000' }],
    [
      'documents of U+0000',
      subjects.geoDigest(region, peer),
      { want: 'rows', ...domain, keys: [{ tenant: '\u0000', id: 'x' }], states: true },
    ],
    [
      'an audience of half a surrogate pair',
      subjects.geoDigest(region, peer),
      { want: 'names', ...domain, audience: '\ud800', elements: [] },
    ],
    [
      'more symbols than there can be',
      subjects.geoSketch(region, peer),
      { want: 'symbols', ...domain, from: 0, to: Number.MAX_SAFE_INTEGER },
    ],
    ['symbols backwards', subjects.geoSketch(region, peer), { want: 'symbols', ...domain, from: 9, to: 1 }],
    ['buckets that there are not', subjects.geoSketch(region, peer), { want: 'elements', ...domain, buckets: [integerMax + 1] }],
    ['stamps behind U+0000', subjects.geoRecovery(region, peer), { want: 'stamps', after: '\u0000' }],
    ['a ledger’s rows of nobody', subjects.geoRecovery(region, peer), { want: 'ledger-rows', ids: ["'; DROP TABLE conflict; --"] }],
    ['a command that is no JSON', subjects.apiIntents(region, peer), intent],
    [
      'a command of another method',
      subjects.apiIntents(region, peer),
      { ...intent, id: newId(), command: { ...command, method: 'CONNECT' } },
    ],
    [
      'a command elsewhere',
      subjects.apiIntents(region, peer),
      { ...intent, id: newId(), command: { ...command, url: '/v1/../../readyz' } },
    ],
    [
      'a command with heads of its own',
      subjects.apiIntents(region, peer),
      { ...intent, id: newId(), command: { ...command, headers: { authorization: 'Bearer x', host: '\r\n' } } },
    ],
    ['a directory behind what can’t be a key', subjects.directorySnapshot(region), { after: 'x'.repeat(1e6), limit: 1 }],
    ['all of the directory at once', subjects.directorySnapshot(region), { after: null, limit: Number.MAX_SAFE_INTEGER }],
    ['a stamp under an epoch that no stamp has', subjects.agentSync(region), agent],
    ['a token under such an epoch', subjects.agentCredentials(region), { ...agent, token: 'x'.repeat(16) }],
    [
      'a registration with a version of U+0000',
      subjects.agentRegister(region),
      {
        stamp: `${region}-1`,
        token: 'x'.repeat(16),
        instanceId: newId(),
        agentVersion: '\u0000',
        workloadVersion: null,
        frontDoor: 'http://127.0.0.1:1',
      },
    ],
    ['limits of a version to come', subjects.routerLimits(region), { version: Number.MAX_SAFE_INTEGER }],
  ])('gets an answer or a refusal for %s, and nothing fails over it', async (_, subject, body) => {
    const before = await failedOn();
    const answer = await ask(subject, JSON.stringify(body));
    const code = answer.headers?.get(errorHeader) ?? '';
    expect(['', 'invalid_input', 'forbidden', 'not_found', 'unauthenticated', 'conflict']).toContain(code);
    expect(await failedOn()).toEqual(before);
  });

  it('is not heard where it tells it: it is counted, and what is true is heard behind it', async () => {
    for (const subject of told) {
      const before = await refusedOn(subject);
      for (const [body, head] of Object.values(rubbish)) raw.connection.publish(subject, body, { headers: head });
      const all = Object.keys(rubbish).length - (subject === subjects.liveEvents(region) ? 1 : 0);
      // Several subscriptions of a process may hear the same subject.
      await waitFor(`what ${subject} refused`, async () => (await refusedOn(subject)) - before >= all || undefined, { timeoutMs: askMs });
    }
    const summary = {
      router: 'r1',
      atMs: 1,
      windowSeconds: 1,
      limitsVersion: null,
      budgetRouters: 1,
      stamps: [],
      tenants: [],
      compartments: [],
    };
    raw.publishJson(subjects.routerTraffic(region), summary);
    const routers = async (): Promise<unknown[]> => (await askGeode(geode, 'GET', `/v1/traffic/${region}`)).body['routers'] as unknown[];
    await waitFor('the true one', async () => (await routers()).length > 0 || undefined, { timeoutMs: askMs });
    expect(await routers()).toEqual([summary]);
  });

  it('changes nothing here', async () => {
    const { dataSource } = geode.resources;
    for (const table of ['tenant', 'stamp', 'stamp_observation', 'document', 'outbox', 'conflict'])
      expect([
        table,
        await rowsOf(dataSource, `SELECT * FROM ${table}${table === 'outbox' ? ` WHERE actor NOT LIKE 'system:%'` : ''}`),
      ]).toEqual([table, []]);
    const { status, body } = await askGeode(geode, 'GET', '/readyz');
    expect([status, body['status']]).toEqual([200, 'ready']);
  });
});
