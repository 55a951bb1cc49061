import type { ServerResponse } from 'node:http';
import { IntentDetailSchema, intentHeader, IntentPageSchema, IntentSchema, type IntentView } from '@lapidary/contracts/api/intents';
import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import type { SeenRequest } from '@lapidary/testing/fake-fleet';
import { formats } from './output/output.js';
import { expectForm } from './test/expect-form.js';
import { run, type Ran } from './test/run-stampctl.js';

const at = '2026-11-01T10:00:00.000Z';
const id = 'eu.01K0000000000000000000000A';
const intent: IntentView = {
  ...{ id, region: 'eu', owner: 'us', operation: 'POST /v1/tenants', subject: 'tenant/acme', state: 'queued', actor: 'token:admin' },
  ...{ reason: null, idempotencyKey: 'k', createdAt: at, expiresAt: '2026-11-02T10:00:00.000Z', ageSeconds: 4, attempts: 0 },
  ...{ lastAttemptAt: null, lastError: null, settledAt: null, settledBy: null, outcome: null },
};
const ended: IntentView = {
  ...intent,
  state: 'refused',
  attempts: 3,
  lastAttemptAt: at,
  lastError: 'x',
  settledAt: at,
  settledBy: 'us',
  outcome: { status: 409, code: 'name_taken', detail: 'The name is taken', location: null },
};

let plane: FakeControlPlane;
/** How often a command is still queued before the region is heard. */
let queuedTimes: number;
let cancelled: IntentView['state'];
const answer = ({ method, path, headers }: SeenRequest, response: ServerResponse): boolean => {
  const send = (status: number, body: unknown, more = {}): true => {
    response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify(body));
    return true;
  };
  if (path === '/v1/intents') return send(200, IntentPageSchema.parse({ items: [intent, ended], next: null }));
  if (path.endsWith('/cancel')) return send(200, IntentSchema.parse({ ...intent, state: cancelled }));
  if (path.startsWith('/v1/intents/')) return send(200, IntentDetailSchema.parse({ ...intent, body: { id: 'acme' }, answer: null }));
  if (method === 'POST' && path === '/v1/tenants' && headers['x-lapidary-if-unreachable'] !== 'refuse' && queuedTimes-- > 0)
    return send(202, intent, { [intentHeader]: id, location: `/v1/intents/${id}` });
  return false;
};
beforeEach(async () => {
  queuedTimes = 1;
  cancelled = 'cancelled';
  plane = await new FakeControlPlane().up();
  plane.intercept = answer;
});
afterEach(async () => plane.down());
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });

describe.each([
  ['intents ls', ['intents', 'ls', '--for', 'us', '--state', 'open']],
  ['intents show', ['intents', 'show', id]],
  ['intents cancel', ['intents', 'cancel', id, '--reason', 'not any more']],
])('%s', (_, argv) => {
  test.each(formats)('-o %s', async (form) => expectForm(await ctl(...argv, '-o', form), form));
});

test('the list is asked for with the filters that were given', async () => {
  await ctl('intents', 'ls', '--for', 'us', '--state', 'refused', '--subject', 'tenant/acme', '--region', 'eu');
  expect(Object.fromEntries(plane.seen.at(-1)!.query)).toMatchObject({ owner: 'us', state: 'refused', subject: 'tenant/acme' });
});

test('a cancel that its region has to decide on ends with 8', async () => {
  cancelled = 'cancelling';
  expect((await ctl('intents', 'cancel', id)).exit).toBe(8);
});

describe('a command whose region cannot be reached', () => {
  const create = ['tenants', 'create', 'queued', '--region', 'us', '--no-wait'];
  test('says that it is queued, until when and how to take it back, and ends with 8', async () => {
    const ran = await ctl(...create, '--expires-in', '2h');
    expect(ran.exit).toBe(8);
    expect(ran.out).toBe('');
    expect(ran.err).toMatch(new RegExp(`^queued: .*intent ${id}.*expires 2026-11-02T10:00`));
    expect(ran.err).toContain(`stampctl intents cancel ${id}`);
    expect(plane.seen.find((s) => s.path === '/v1/tenants')!.headers['x-lapidary-intent-seconds']).toBe('7200');
    expect(plane.seen.filter((s) => s.path === '/v1/tenants')).toHaveLength(1);
  });

  test('-o json says the same to scripts', async () => {
    const ran = await ctl(...create, '-o', 'json');
    expect(ran.exit).toBe(8);
    expect(JSON.parse(ran.err)).toMatchObject({ code: 'intent_queued', status: 202, details: { intent: id, state: 'queued' } });
  });

  test('--if-unreachable refuse asks for a refusal', async () => {
    expect((await ctl(...create, '--if-unreachable', 'refuse')).exit).toBe(0);
    expect(plane.seen.find((s) => s.path === '/v1/tenants')!.headers['x-lapidary-if-unreachable']).toBe('refuse');
  });

  test('--wait-for-region asks again under one key until it is done, and goes on', async () => {
    queuedTimes = 2;
    const ran = await ctl(...create, '--wait-for-region', '-o', 'name');
    expect([ran.exit, ran.out.trim()]).toEqual([0, 'queued']);
    expect(ran.err).toMatch(/waiting as intent/);
    const keys = plane.seen.filter((s) => s.path === '/v1/tenants' && s.method === 'POST').map((s) => s.headers['idempotency-key']);
    expect([keys.length, new Set(keys).size]).toEqual([3, 1]);
  });
});
