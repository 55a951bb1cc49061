import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import {
  addStamp,
  adminToken,
  noNats,
  openDatabase,
  openWorld,
  otherRegion,
  tenantInput,
  type Answer,
  type World,
  type WorldDatabase,
} from '../../test/world.js';
import { allFeatures } from '../process/features.js';

/**
 * I10 over all operations of the API's description: a write that succeeds leaves an audit row with who, what, why, when and which request. An
 * operation that is added without a line here fails.
 */
const why = 'because of the test';
const root = join(import.meta.dirname, '../../../..');
const { paths } = JSON.parse(readFileSync(join(root, 'docs/reference/openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, unknown>>;
};
const writes = Object.entries(paths).flatMap(([path, operations]) =>
  Object.keys(operations)
    .filter((method) => ['post', 'put', 'patch', 'delete'].includes(method))
    .map((method) => `${method.toUpperCase()} ${path}`),
);

let database: WorldDatabase;
let world: World;
let count = 0;

interface Case {
  readonly path: string | (() => Promise<string>);
  readonly body?: object;
  /** Left out where nobody is asked why: ends of one's own session, changes of documents. */
  readonly reason?: null;
  readonly headers?: () => Promise<Record<string, string>>;
  readonly token?: null;
  /** Documents are told by events alone, which name actor and request as audit rows do: there are thousands in a second, of workloads. */
  readonly by?: 'event';
}

const create = async (): Promise<string> => {
  const id = `t${(count += 1)}`;
  expect([201, 202]).toContain((await world.ask('POST', '/v1/tenants', { body: tenantInput(id) })).status);
  return id;
};
const documentAt = (id: string): string => `/v1/collections/settings/${id}?tenant=acme`;
const document = async (): Promise<string> => {
  const at = documentAt(`d${(count += 1)}`);
  expect((await world.ask('PUT', at, { body: { value: { a: 1 } } })).status).toBe(200);
  return at;
};
const job = async (status: string): Promise<string> => {
  const id = `eu.${newId()}`;
  await world.query(
    `INSERT INTO job (id, region, kind, subject, status, input, requested_by, request_id)
     SELECT $1, 'eu', 'provision', $2, $3, input, 'token:test', 'r' FROM job WHERE subject = 'eu-99'`,
    [id, `stamp/eu-${100 + (count += 1)}`, status],
  );
  await world.query(`INSERT INTO job_step (job, name, title, position, status) VALUES ($1, 'resolve', 'Resolve', 0, $2)`, [
    id,
    status === 'failed' ? 'failed' : 'pending',
  ]);
  return id;
};
const deadJob = async (): Promise<string> => {
  const [id, of] = [`eu.${newId()}`, await job('failed')];
  await world.query(
    `INSERT INTO job_dead_letter (id, region, job, kind, subject, cause, message, attempts) VALUES ($1, 'eu', $2, 'provision', 'stamp/eu-1', 'lost', 'm', 3)`,
    [id, of],
  );
  return id;
};
const suppression = (): object => ({
  subject: `stamp/eu-${(count += 1)}`,
  kind: 'spec',
  owner: 'me',
  until: new Date(Date.now() + 3_600_000).toISOString(),
});
const session = async (): Promise<Record<string, string>> => {
  const own = { host: 'fleet.test', origin: 'http://fleet.test' };
  const begun = await world.ask('POST', '/v1/session', { body: { token: adminToken }, token: null, headers: own });
  return { ...own, cookie: String(begun.headers['set-cookie']).split(';')[0]! };
};

const cases: Readonly<Record<string, Case>> = {
  'PUT /v1/collections/{collection}': { path: '/v1/collections/fresh', body: { policy: { kind: 'lww' } }, reason: null },
  'POST /v1/collections/{collection}/documents/write': {
    path: '/v1/collections/settings/documents/write?tenant=acme',
    body: { writes: [{ id: 'many', op: 'put', value: { a: 1 } }] },
    by: 'event',
  },
  'PUT /v1/collections/{collection}/{id}': { path: documentAt('put'), body: { value: { a: 1 } }, by: 'event' },
  'PATCH /v1/collections/{collection}/{id}': { path: document, body: { value: { a: 2 } }, by: 'event' },
  'POST /v1/collections/{collection}/{id}': {
    path: '/v1/collections/stock/one?tenant=acme',
    body: { operations: [{ op: 'add', units: 1 }] },
    by: 'event',
  },
  'DELETE /v1/collections/{collection}/{id}': { path: document, by: 'event' },
  'POST /v1/dead-letters/{id}/drop': {
    path: async () => {
      const id = `eu.${newId()}`;
      await world.query(
        `INSERT INTO dead_letter (id, origin, epoch, sequence, type, subject, event, error) VALUES ($1, 'us', 1, $2, 'x', 'tenant/corp', '{}', 'x')`,
        [id.slice(3), (count += 1)],
      );
      return `/v1/dead-letters/${id}/drop`;
    },
    body: { reason: why },
  },
  'POST /v1/drift/runs': { path: '/v1/drift/runs', body: { reason: why } },
  'POST /v1/drift/repairs': { path: '/v1/drift/repairs', body: { reason: why } },
  'POST /v1/drift/suppressions': { path: '/v1/drift/suppressions', body: { ...suppression(), reason: why } },
  'DELETE /v1/drift/suppressions/{id}': {
    path: async () => {
      const { body } = await world.ask('POST', '/v1/drift/suppressions', { body: { ...suppression(), reason: 'x' } });
      return `/v1/drift/suppressions/${String(body['id'])}?reason=${encodeURIComponent(why)}`;
    },
  },
  'POST /v1/geode/recovery/trust': {
    path: async () => {
      await world.ask('POST', '/v1/tokens', {
        body: { name: 'held', sha256: digest('held'), bindings: [{ role: 'viewer', region: 'eu' }] },
      });
      await world.query(`UPDATE api_token SET held_at = now() WHERE name = 'held'`);
      return '/v1/geode/recovery/trust';
    },
    body: { tokens: ['held'], reason: why },
  },
  'POST /v1/intents/{id}/cancel': {
    path: async () => {
      const queued = await world.ask('POST', '/v1/tenants', { body: { id: `q${(count += 1)}`, region: otherRegion } });
      expect(queued.status).toBe(202);
      return `/v1/intents/${String(queued.body['id'])}/cancel`;
    },
    body: { reason: why },
  },
  'POST /v1/jobs/dead-letters/{id}/drop': { path: async () => `/v1/jobs/dead-letters/${await deadJob()}/drop`, body: { reason: why } },
  'POST /v1/jobs/dead-letters/{id}/replay': { path: async () => `/v1/jobs/dead-letters/${await deadJob()}/replay`, body: { reason: why } },
  'POST /v1/jobs/{id}/cancel': { path: async () => `/v1/jobs/${await job('queued')}/cancel`, body: { reason: why } },
  'POST /v1/jobs/{id}/retry': { path: async () => `/v1/jobs/${await job('failed')}/retry`, reason: null },
  'PUT /v1/limits/{region}': {
    path: `/v1/limits/eu?reason=${encodeURIComponent(why)}`,
    body: { global: { limits: [{ kind: 'concurrency', max: 500 }] } },
  },
  'POST /v1/session': { path: '/v1/session', body: { token: adminToken }, token: null, reason: null },
  'DELETE /v1/session': { path: '/v1/session', headers: session, token: null, reason: null },
  'POST /v1/stamps/{name}/cordon': { path: '/v1/stamps/eu-1/cordon', body: { reason: why } },
  'POST /v1/stamps/{name}/uncordon': {
    path: async () => {
      await world.ask('POST', '/v1/stamps/eu-1/cordon', { body: { reason: 'x' } });
      return '/v1/stamps/eu-1/uncordon';
    },
    body: { reason: why },
  },
  'POST /v1/stamps/{name}/rollout/release': {
    path: async () => {
      await world.query(`UPDATE stamp SET held_by_rollout = 'eu.01K0000000000000000000000A' WHERE name = 'eu-1'`);
      return '/v1/stamps/eu-1/rollout/release';
    },
    body: { rollout: 'eu.01K0000000000000000000000A' },
    reason: null,
  },
  'POST /v1/stamps/{name}/provision': { path: '/v1/stamps/eu-7/provision', body: { reason: why } },
  'POST /v1/stamps/{name}/retire': {
    path: async () => {
      await addStamp(world, 'eu-9', 1);
      await world.query(`UPDATE stamp SET cordoned = true WHERE name = 'eu-9'`);
      return '/v1/stamps/eu-9/retire';
    },
    body: { reason: why, confirm: 'eu-9' },
  },
  'POST /v1/tenants': { path: '/v1/tenants', body: tenantInput('made', { reason: why }) },
  'PATCH /v1/tenants/{id}': { path: async () => `/v1/tenants/${await create()}`, body: { labels: { a: 'b' }, reason: why } },
  'DELETE /v1/tenants/{id}': { path: async () => `/v1/tenants/${await create()}?reason=${encodeURIComponent(why)}` },
  'POST /v1/tenants/{id}/suspend': { path: async () => `/v1/tenants/${await create()}/suspend`, body: { reason: why } },
  'POST /v1/tenants/{id}/resume': {
    path: async () => {
      const id = await create();
      await world.ask('POST', `/v1/tenants/${id}/suspend`, { body: { reason: 'x' } });
      return `/v1/tenants/${id}/resume`;
    },
    body: { reason: why },
  },
  'POST /v1/tokens': {
    path: '/v1/tokens',
    body: {
      name: 'made',
      sha256: createHash('sha256').update('made').digest('hex'),
      bindings: [{ role: 'viewer', region: 'eu' }],
      reason: why,
    },
  },
  'POST /v1/tokens/{name}/revoke': {
    path: async () => {
      await world.ask('POST', '/v1/tokens', {
        body: { name: 'gone', sha256: digest('gone'), bindings: [{ role: 'viewer', region: 'eu' }] },
      });
      return '/v1/tokens/gone/revoke';
    },
    body: { reason: why },
  },
};

/** They write nothing. */
const questions = new Set(['POST /v1/collections/{collection}/policy/preview', 'POST /v1/plans', 'POST /v1/stamps/{name}/plan']);

/** What takes a fleet, a backup or another region to succeed: where that is, its audit rows are looked at. */
const provedIn: Readonly<Record<string, string>> = {
  'POST /v1/dead-letters/{id}/replay': 'replication/dead-letters.int.spec.ts',
  'POST /v1/geode/recovery/open': 'recovery/restored-region.int.spec.ts',
  'POST /v1/geode/recovery/reseed': 'recovery/restored-region.int.spec.ts',
  'POST /v1/rollouts': 'rollouts/rollouts.int.spec.ts',
  'POST /v1/rollouts/{id}/{verb}': 'rollouts/rollouts.int.spec.ts',
  'POST /v1/rollouts/{id}/give-up': 'rollouts/given-up.int.spec.ts',
  'POST /v1/regions/{name}/give-up': 'given-up/given-up-api.int.spec.ts',
  'POST /v1/stamps/{name}/rollout': 'rollouts/rollouts.int.spec.ts',
};

const digest = (secret: string): string => createHash('sha256').update(secret).digest('hex');

beforeAll(async () => {
  database = await openDatabase();
  world = await openWorld(database, {
    features: allFeatures,
    natsUrl: noNats,
    peers: [otherRegion],
    environment: { LAPIDARY_LOCAL_PROCESS_DIR: tmpdir(), LAPIDARY_LOCAL_POSTGRES_ADMIN_URL: database.url },
  });
  await writeFile(
    join(world.resources.config.LAPIDARY_STAMPS_DIR, 'defaults.yaml'),
    `driver: local\nprofile: small\nring: broad\nisolation: pooled\ncapacity: { units: 50 }\nworkload: { version: 0.1.0 }\nlabels: {}\n`,
  );
  await addStamp(world, 'eu-1', 1_000);
  expect((await world.ask('POST', '/v1/tenants', { body: tenantInput('acme') })).status).toBe(201);
  // What its input is like, for jobs that no worker takes.
  await waitFor(
    'the queue of jobs',
    async () => (await world.ask('POST', '/v1/stamps/eu-99/provision', { body: {} })).status === 202 || undefined,
    {
      timeoutMs: 60_000,
    },
  );
  for (const [name, kind] of [
    ['settings', 'lww'],
    ['stock', 'counter'],
  ])
    expect((await world.ask('PUT', `/v1/collections/${name}`, { body: { policy: { kind } } })).status).toBe(200);
});
afterAll(async () => {
  await world.close();
  await database.drop();
});

test('every operation that writes has its proof', () => {
  const known = [...Object.keys(cases), ...questions, ...Object.keys(provedIn)].sort();
  expect(known).toEqual([...writes].sort());
});

test.each(Object.entries(provedIn))('%s is proved where it can succeed', (_operation, file) => {
  expect(readFileSync(join(import.meta.dirname, '..', file), 'utf8').includes('FROM audit')).toBe(true);
});

test.each(Object.entries(cases))(
  '%s leaves who, what, why, when and which request (I10)',
  async (operation, { path, body, reason, headers, token, by }) => {
    const [method] = operation.split(' ') as [string];
    const address = typeof path === 'string' ? path : await path();
    const requestId = `req-${newId()}`;
    const before = new Date();
    const answer: Answer = await world.ask(method, address, {
      ...(body === undefined ? {} : { body }),
      ...(token === null ? { token } : {}),
      headers: { 'x-request-id': requestId, ...(headers ? await headers() : {}) },
    });
    expect([answer.status, answer.body.code]).toEqual([expect.any(Number), undefined]);
    expect(answer.status).toBeLessThan(300);
    if (by === 'event') {
      const events = await world.query('SELECT DISTINCT actor FROM outbox WHERE request_id = $1', [requestId]);
      expect(events).toEqual([{ actor: 'token:admin' }]);
      return;
    }
    const rows = await world.query<{ actor: string; action: string; subject: string; reason: string | null; at: Date }>(
      'SELECT actor, action, subject, reason, at FROM audit WHERE request_id = $1',
      [requestId],
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      expect([row.actor, row.reason]).toEqual(['token:admin', reason === null ? null : why]);
      expect([row.action, row.subject]).toEqual([expect.stringMatching(/^[a-z-]+\.[a-z-]+$/), expect.stringMatching(/^[a-z-]+(\/.+)?$/)]);
      expect(row.at.getTime()).toBeGreaterThanOrEqual(before.getTime() - 1_000);
    }
  },
);
