import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import {
  ConflictPageSchema,
  ConflictSchema,
  EventDeadLetterDetailSchema,
  EventDeadLetterPageSchema,
  EventDeadLetterSchema,
  GeodeSchema,
  ReplayResultSchema,
  type EventDeadLetterView,
  type ReplayResult,
  ConflictCountsSchema,
  HeldChangePageSchema,
} from '@lapidary/contracts/api/replication';
import { RecoveryActSchema, TrustedTokensSchema } from '@lapidary/contracts/api/recovery';
import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import type { SeenRequest } from '@lapidary/testing/fake-fleet';
import type { z } from 'zod';
import { formats } from './output/output.js';
import { expectForm } from './test/expect-form.js';
import { emptyFolder, run, type Ran } from './test/run-stampctl.js';

const at = '2026-11-01T10:00:00.000Z';
const letterOf = (n: number, more: Partial<EventDeadLetterView> = {}): EventDeadLetterView => ({
  id: `eu.01K000000000000000000000${String(n).padStart(2, '0')}`,
  region: 'eu',
  origin: 'us',
  epoch: 1,
  sequence: n,
  type: 'lapidary.tenant.placed.v1',
  subject: 'tenant/acme',
  error: 'placement_stamp_fkey\nmore',
  parkedAt: at,
  state: 'open',
  settledAt: null,
  settledBy: null,
  ...more,
});
const conflict = {
  ...{ id: 'tenant-name:acme:eu:us', policy: 'p', subject: 'tenant/acme', collection: 'prices', tenant: 'acme', field: 'price' },
  winner: { at: '2', region: 'us', value: '=HYPERLINK("x")' },
  ...{ loser: 2, cause: 'eu and us, "both"', detectedAt: at },
};
const held = { event: '01J', origin: 'us', subject: 'document/prices/acme/a', heldAt: at, dueAt: at };
const cutBecause = 'Region us speaks protocol 4 to 5, region eu 2 to 3: roll out eu';
const geode = {
  region: 'eu',
  epoch: 1,
  sequence: 17,
  autonomousSince: at,
  outbox: { waiting: 3, oldestSeconds: 4, kept: 20 },
  publishing: [{ what: 'events' as const, since: at, because: 'The NATS server has no room for the stream' }],
  ...{ inbox: { behind: 2, held: 1 }, intents: { open: 4, oldestSeconds: 90 } },
  deadLetters: 2,
  conflicts: 1,
  digest: { root: '00ff00ff00ff00ff', documents: 12 },
  peers: [
    {
      ...{ region: 'us', link: 'cut' as const, cutSince: at, cutBecause, epoch: 1, appliedSequence: 5, behind: 2 },
      ...{ confirmedAt: at, lastEventAt: at, acknowledgedSequence: 10, owed: 7, digest: 'agrees' as const, agreedAt: at, intents: 4 },
    },
  ],
};

let plane: FakeControlPlane;
/** Newest first, as the real one lists them. */
let letters: EventDeadLetterView[];
let outcomes: Record<string, ReplayResult['outcome']>;
let listed: string[];

const answer = (request: SeenRequest, response: ServerResponse): boolean => {
  const send = <T>(schema: z.ZodType<T>, value: T): true => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(schema.parse(value)));
    return true;
  };
  const { path, query } = request;
  const id = path.split('/')[3] ?? '';
  const letter = letters.find((l) => l.id === id) ?? letterOf(1);
  if (path === '/v1/dead-letters') {
    listed.push(query.toString());
    return send(EventDeadLetterPageSchema, { items: letters, next: null });
  }
  if (path.endsWith('/replay')) {
    const outcome = outcomes[id] ?? 'applied';
    const error = outcome === 'refused' ? 'still unknown' : null;
    return send(ReplayResultSchema, { outcome, dryRun: query.get('dryRun') === 'true', error, released: 0, deadLetter: letter });
  }
  if (path.endsWith('/drop')) return send(EventDeadLetterSchema, { ...letter, state: 'dropped' });
  if (path.startsWith('/v1/dead-letters/')) return send(EventDeadLetterDetailSchema, { ...letter, event: { any: 'thing' } });
  if (path.endsWith('/recovery/trust')) return send(TrustedTokensSchema, { region: 'eu', trusted: ['deploys'], held: ['watches'] });
  if (path.startsWith('/v1/geode/recovery/')) {
    const state = path.endsWith('/open') ? 'retelling' : 'reconciling';
    return send(RecoveryActSchema, { region: 'eu', state, lost: ['what only us holds'] });
  }
  if (path === '/v1/geode/held') return send(HeldChangePageSchema, { items: [held], next: null });
  if (path === '/v1/conflicts/counts')
    return send(ConflictCountsSchema, { items: [{ collection: null, conflicts: 3, subjects: 2, today: 1, latest: at }] });
  if (path === '/v1/conflicts') return send(ConflictPageSchema, { items: [conflict], next: null });
  if (path.startsWith('/v1/conflicts/')) return send(ConflictSchema, conflict);
  return path === '/v1/geode' && send(GeodeSchema, geode);
};

beforeEach(async () => {
  letters = [letterOf(2), letterOf(1)];
  outcomes = {};
  listed = [];
  plane = await new FakeControlPlane().up();
  plane.intercept = answer;
});
afterEach(async () => plane.down());

const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });
const one = letterOf(1).id;
const replays = (): string[] => plane.seen.filter((s) => s.path.endsWith('/replay')).map((s) => s.path.split('/')[3]!);

test('geode open says what is lost by it, and does nothing without a reason, a region or a confirmation', async () => {
  const acts = (): unknown[] => plane.seen.filter((s) => s.path.startsWith('/v1/geode/recovery/')).map((s) => s.body);
  for (const argv of [
    ['--without', 'us', '--yes'],
    ['--reason', 'gone', '--yes'],
    ['--without', 'us', '--reason', 'gone'],
  ])
    expect((await ctl('geode', 'open', ...argv)).exit).not.toBe(0);
  expect(acts()).toEqual([]);
  const opened = await ctl('geode', 'open', '--without', 'us', '--reason', 'gone', '--yes');
  expect([opened.exit, acts()]).toEqual([0, [{ without: ['us'], reason: 'gone' }]]);
  expect(opened.out).toContain('what only us holds');
});

test('geode status says of whom all is believed unsigned, and what was refused in whose name', async () => {
  const refused = [{ what: 'events', why: 'wrong_signature', times: 7, lastAt: at }];
  plane.intercept = (request, response) => {
    if (request.path !== '/v1/geode') return answer(request, response);
    const of = (region: string, signatures: object) => ({ ...geode.peers[0]!, region, signatures });
    const peers = [
      of('us', { required: true, refused }),
      of('ap', { required: false, refused: [] }),
      of('sa', { required: true, refused: [] }),
    ];
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(GeodeSchema.parse({ ...geode, signing: false, peers })));
    return true;
  };
  const { out } = await ctl('geode', 'status');
  expect(out).toContain('can speak in its name');
  expect(out).toMatch(/us .*refused .*: events, wrong_signature/);
  expect(out).toMatch(/ap .* no /);
  expect(out).toMatch(/sa .* yes /);
});

test('geode status says which keys are in force, and why new ones are not', async () => {
  const because = 'LAPIDARY_PEER_KEYS_FILE: is not JSON';
  plane.intercept = (request, response) => {
    if (request.path !== '/v1/geode') return answer(request, response);
    const peers = [{ ...geode.peers[0]!, signatures: { required: true, keys: ['us-1', 'us-2'], refused: [] } }];
    const keys = { signing: true, signsWith: 'eu-2', keysRefused: [{ file: 'peers', since: at, because }] };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(GeodeSchema.parse({ ...geode, ...keys, peers })));
    return true;
  };
  const { out } = await ctl('geode', 'status', '-o', 'wide');
  expect(out).toMatch(/signing: +with eu-2/);
  expect(out).toMatch(/peer keys: +not taken since .*those before hold/);
  expect(out).toContain('is not JSON');
  expect(out).toMatch(/us-1, us-2/);
});

test('geode status of a restored region says that it is fenced, what it remembers and whom it waits for', async () => {
  const recovery = {
    ...{ state: 'reconciling' as const, fenced: true, since: at, backupAt: at, without: [] },
    evidence: ['region us knows this region’s log up to 12 of epoch 1'],
    waitsFor: [{ region: 'ap', why: 'Region ap can’t be reached' }],
  };
  plane.intercept = (request, response) => {
    if (request.path !== '/v1/geode') return answer(request, response);
    const peers = [{ ...geode.peers[0]!, setBackSince: at }];
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(GeodeSchema.parse({ ...geode, recovery, peers })));
    return true;
  };
  const { out } = await ctl('geode', 'status');
  for (const part of [
    'reconciling since',
    'writes nothing',
    'up to 12 of epoch 1',
    'waits for ap (Region ap can’t be reached)',
    'restored from a backup, noticed',
  ])
    expect(out).toContain(part);
});

test('geode status names held tokens, and geode trust says which are good again, for a reason', async () => {
  plane.intercept = (request, response) => {
    if (request.path !== '/v1/geode') return answer(request, response);
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify(GeodeSchema.parse({ ...geode, heldTokens: ['deploys'] })));
    return true;
  };
  expect((await ctl('geode', 'status')).out).toContain('deploys: they may have been revoked since the backup');
  expect((await ctl('geode', 'trust', '--name', 'deploys')).exit).not.toBe(0);
  const { exit, out } = await ctl('geode', 'trust', '--name', 'deploys', '--reason', 'in use');
  expect([exit, plane.seen.at(-1)!.body]).toEqual([0, { tokens: ['deploys'], reason: 'in use' }]);
  expect(out).toMatch(/still held: +watches/);
});

describe.each([
  ['dlq ls', ['dlq', 'ls']],
  ['dlq show', ['dlq', 'show', one]],
  ['dlq replay', ['dlq', 'replay', one]],
  ['dlq drop', ['dlq', 'drop', one, '--reason', 'gone', '--yes']],
  ['conflicts ls', ['conflicts', 'ls']],
  ['conflicts show', ['conflicts', 'show', conflict.id]],
  ['conflicts counts', ['conflicts', 'counts']],
  ['geode held', ['geode', 'held']],
  ['geode status', ['geode', 'status']],
  ['geode open', ['geode', 'open', '--without', 'us', '--reason', 'gone', '--yes']],
  ['geode trust', ['geode', 'trust', '--name', 'deploys', '--reason', 'in use']],
  ['geode reseed', ['geode', 'reseed', '--reason', 'old', '--yes']],
])('%s', (_, argv) => {
  test.each(formats)('-o %s', async (form) => expectForm(await ctl(...argv, '-o', form), form));
});

describe('dlq replay', () => {
  test('takes the oldest first, with the filters that were given', async () => {
    await ctl('dlq', 'replay', '--tenant', 'acme', '--since', '2h', '--rate', '1000');
    expect(replays()).toEqual([letterOf(1).id, letterOf(2).id]);
    expect(listed[0]).toMatch(/tenant=acme/);
    expect(listed[0]).toMatch(/since=20\d\d-/);
  });

  test('without saying which is a mistake, and nothing is tried', async () => {
    const ran = await ctl('dlq', 'replay');
    expect(ran.exit).toBe(2);
    expect(ran.err).toMatch(/--all/);
    expect(replays()).toEqual([]);
  });

  test('ends with 1 where one is refused again, and says why', async () => {
    outcomes = { [letterOf(2).id]: 'refused' };
    const ran = await ctl('dlq', 'replay', '--all', '--rate', '1000');
    expect(ran.exit).toBe(1);
    expect(ran.err).toMatch(/refused again: still unknown/);
  });

  test('--dry-run says that nothing was changed', async () => {
    const ran = await ctl('dlq', 'replay', one, '--dry-run');
    expect(plane.seen.at(-1)!.query.get('dryRun')).toBe('true');
    expect(ran.err).toMatch(/Nothing was changed/);
  });
});

test('geode status shows since when the region is alone, the lag towards each other one, and every queue', async () => {
  const { out, err } = await ctl('geode', 'status', '-o', 'wide');
  expect(out).toMatch(/alone: +since .*no other region is heard/);
  expect(out).toMatch(/events: +17 told, 3 not yet published, the oldest for 4/);
  expect(out).toMatch(/no events: +published since .*: The NATS server has no room for the stream/);
  expect(out).toMatch(/to take in: +2 events of peers, 1 held/);
  expect(out).toMatch(/intents: +4 wait for other regions, the oldest for 1 min 30 s/);
  expect(out).toMatch(/dead letters: +2/);
  expect(out).toMatch(/BEHIND +OWED +INTENTS/);
  expect(out).toContain(`\n\nus: ${cutBecause}`);
  expect(err).toContain('stampctl intents ls');
});

describe('dlq drop', () => {
  const drops = (): string[] => plane.seen.filter((s) => s.path.endsWith('/drop')).map((s) => s.path.split('/')[3]!);
  const drop = (...argv: string[]) => ctl('dlq', 'drop', '--reason', 'gone', ...argv);

  test('--dry-run shows which would go, asks nobody and drops none', async () => {
    const ran = await drop('--all', '--dry-run');
    expect([ran.exit, drops()]).toEqual([0, []]);
    for (const { id } of letters) expect(ran.out).toContain(id);
    expect(ran.err).toMatch(/Nothing was changed/);
  });

  test('takes its time between two', async () => {
    letters = [letterOf(4), letterOf(3), ...letters];
    const startedMs = performance.now();
    expect((await drop('--all', '--yes', '--rate', '10')).exit).toBe(0);
    // Timers may fire a millisecond early.
    expect(performance.now() - startedMs).toBeGreaterThan(3 * 99);
    expect(drops()).toEqual([1, 2, 3, 4].map((n) => letterOf(n).id));
  });
});

describe.each([
  ['drop', ['--reason', 'gone', '--yes']],
  ['replay', []],
])('dlq %s where somebody settles a letter meanwhile', (verb, argv) => {
  beforeEach(() => {
    letters = [letterOf(3), ...letters];
    plane.intercept = (request, response) => {
      if (request.path !== `/v1/dead-letters/${letterOf(2).id}/${verb}`) return answer(request, response);
      const problem = {
        type: 'about:blank',
        title: 'illegal_transition',
        status: 409,
        code: 'illegal_transition',
        detail: 'it is superseded',
      };
      response.writeHead(409, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
      return true;
    };
  });
  const acted = (): string[] => plane.seen.filter((s) => s.path.endsWith(`/${verb}`)).map((s) => s.path.split('/')[3]!);

  test('goes on with the others, and says so', async () => {
    const ran = await ctl('dlq', verb, '--all', '--rate', '1000', ...argv);
    expect([ran.exit, acted()]).toEqual([0, [1, 2, 3].map((n) => letterOf(n).id)]);
    expect(ran.err).toContain(`${letterOf(2).id} lapidary.tenant.placed.v1 tenant/acme: settled meanwhile`);
    expect(ran.out).not.toContain(letterOf(2).id);
  });

  test('that was named, says that it is refused', async () => {
    const ran = await ctl('dlq', verb, letterOf(2).id, ...argv);
    expect(ran.exit).not.toBe(0);
    expect(ran.err).toContain('illegal_transition');
  });
});

describe('conflicts export of a long ledger', () => {
  /** Of three pages; a fourth that is asked for is refused. */
  const page = (request: SeenRequest, response: ServerResponse): boolean => {
    const at = Number(request.query.get('cursor') ?? 0);
    if (request.path !== '/v1/conflicts' || at > last) return answer(request, response);
    const body = { items: [{ ...conflict, id: `c${at}` }], next: at === last ? null : String(at + 1) };
    response
      .writeHead(at === refusedAt ? 403 : 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(at === refusedAt ? {} : body));
    return true;
  };
  const last = 2;
  let refusedAt: number;
  beforeEach(() => {
    refusedAt = -1;
    plane.intercept = page;
  });
  const pages = (): number => plane.seen.filter((s) => s.path === '/v1/conflicts').length;

  test.each([
    ['ndjson', 0],
    ['csv', 1],
  ])('is written as it comes, as %s', async (format, heads) => {
    const askedAtWrite: number[] = [];
    const env = { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token };
    const ran = await run(['conflicts', 'export', '--format', format], { env, onOut: () => askedAtWrite.push(pages()) });
    // Each page is out before the next is asked for.
    expect(askedAtWrite).toEqual([...Array.from({ length: heads }, () => 0), 1, 2, 3]);
    expect(ran.out.trim().split(/\r?\n/)).toHaveLength(3 + heads);
  });

  test('to a file says where it ended early', async () => {
    const out = join(emptyFolder(), 'ledger.ndjson');
    expect((await ctl('conflicts', 'export', '--out', out)).err).toContain(`3 conflicts written to ${out}`);
    expect(readFileSync(out, 'utf8').trim().split('\n')).toHaveLength(3);
    refusedAt = 2;
    const ran = await ctl('conflicts', 'export', '--out', out);
    expect(ran.exit).not.toBe(0);
    expect(ran.err).toContain(`${out} is not whole: it ends after 2 conflicts`);
  });
});

test('dlq drop asks, and without anybody to ask is refused', async () => {
  expect((await ctl('dlq', 'drop', one, '--reason', 'gone')).exit).toBe(2);
  expect((await ctl('dlq', 'drop', one, '--yes')).err).toMatch(/--reason is missing/);
  expect(plane.seen.filter((s) => s.path.endsWith('/drop'))).toEqual([]);
});

test('the ledger is written out, a line each or as a table that no spreadsheet runs', async () => {
  const lines = await ctl('conflicts', 'export', '--collection', 'prices');
  expect(lines).toMatchObject({ exit: 0 });
  expect(
    lines.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([conflict]);
  expect(plane.seen.at(-1)?.query.get('collection')).toBe('prices');
  const csv = await ctl('conflicts', 'export', '--format', 'csv');
  const [head, row] = csv.out.trim().split(/\r?\n/);
  expect(head!.split(',').slice(0, 3)).toEqual(['id', 'detectedAt', 'collection']);
  expect(row).toContain(`"'=HYPERLINK(""x"")"`);
  expect(row!.endsWith(',2,"eu and us, ""both"""')).toBe(true);
});
