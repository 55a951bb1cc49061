import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DriftRunView, FindingView } from '@lapidary/contracts/api/drift';
import { ProcessSpecSchema, processSpecFile, type ProcessSpec } from '@lapidary/contracts/process-spec';
import { waitFor } from '@lapidary/kernel/wait-for';
import { queryRows } from '../../infra/testing/leftovers.js';
import { postgresUser } from '../../tools/local/postgres.js';
import { proves } from '@lapidary/testing/proves';
import { startFleet, type Fleet } from './fleet.js';

/** Drift on a running fleet: none while nobody touches it, found when somebody does, gone when it is put right (P-ST4). */
let fleet: Fleet;

const cycles = 3;
/** Often enough that three cycles are soon over; each takes about a second. */
const intervalMs = 3_000;
const runMsMax = 120_000;

const stampKinds = ['spec', 'ring-sibling', 'version', 'template', 'resource'];
/** In the order in which they look. One region alone has no peer to compare anything with. */
const kinds = [
  'placement',
  'protocol',
  'budget',
  'retention',
  'restored',
  'signature',
  'freeze',
  'replica-age',
  'schema',
  'route-epoch',
  'fleet-digest',
  'scrub',
  'data-digest',
  ...stampKinds,
];
const canaryOf = (kind: string): string => (['fleet-digest', 'data-digest'].includes(kind) ? 'not-planted' : 'found');

const ls = async (...args: string[]): Promise<{ code: number; items: FindingView[] }> => {
  const { code, stdout } = await fleet.stampctl(['drift', 'ls', ...args, '-o', 'json']);
  return { code, items: (JSON.parse(stdout) as { items: FindingView[] }).items };
};
const look = async (): Promise<{ code: number; run: DriftRunView; findings: FindingView[] }> => {
  const { code, stdout, stderr } = await fleet.stampctl(['drift', 'run', '--timeout', '2m', '-o', 'json']);
  if (stdout === '') throw new Error(stderr);
  return { code, ...(JSON.parse(stdout) as { run: DriftRunView; findings: FindingView[] }) };
};
const controlPlane = (): string => fleet.run.regions['eu']!.postgres;
/** What somebody with access to the database server can do. */
const superuser = (): string => {
  const url = new URL(controlPlane());
  url.username = postgresUser;
  url.password = readFileSync(path.join(fleet.dataDir, 'postgres/eu/password'), 'utf8').trim();
  url.pathname = '/postgres';
  return url.href;
};
/** Edits a process of a stamp as a person would, in one rename. */
const editProcess = (name: string, edit: (spec: ProcessSpec) => Partial<ProcessSpec>): void => {
  const file = path.join(fleet.dataDir, 'processes', processSpecFile(name));
  const spec = ProcessSpecSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  writeFileSync(`${file}.edited`, JSON.stringify({ ...spec, ...edit(spec) }, null, 1), { mode: 0o600 });
  renameSync(`${file}.edited`, file);
};

beforeAll(async () => {
  fleet = await startFleet({ name: 'drift', regions: ['eu'], env: { LAPIDARY_DRIFT_INTERVAL_MS: String(intervalMs) } });
});
afterAll(async () => fleet?.stop());

test(`${cycles} cycles over an untouched fleet: no finding, and every sensor finds in each what was planted for it`, async () => {
  const runs = await waitFor(
    `${cycles} scheduled runs over a stamp at rest`,
    async () => {
      const { items } = (await fleet.api('eu').get('/v1/drift/runs')).body as { items: DriftRunView[] };
      const done = items.filter(
        (r) => r.status === 'done' && r.trigger === 'schedule' && r.sensors.every((s) => s.looked === 1 || !stampKinds.includes(s.kind)),
      );
      return done.length >= cycles ? done : undefined;
    },
    { timeoutMs: runMsMax, intervalMs: 250 },
  );
  for (const { sensors } of runs) expect(sensors.map((s) => [s.kind, s.skipped, s.canary])).toEqual(kinds.map((k) => [k, [], canaryOf(k)]));
  expect(await ls('--state', 'all')).toEqual({ code: 0, items: [] });
});

test('a process, a role and a row that somebody edited are found with path, expected and observed, and gone once put right', async () => {
  const [role] = await queryRows<{ limit: number }>(superuser(), `SELECT rolconnlimit AS limit FROM pg_roles WHERE rolname = 'stamp_eu_1'`);
  editProcess('eu-1-storefront', ({ env }) => ({ args: ['by-hand'], env: { ...env, EDITED: 'yes' } }));
  await queryRows(superuser(), `ALTER ROLE stamp_eu_1 CONNECTION LIMIT 3`);
  await queryRows(controlPlane(), `UPDATE stamp SET ring = 'broad' WHERE name = 'eu-1'`);

  const found = await look();
  expect(found.code).toBe(7);
  expect(found.run.sensors.map((s) => s.canary)).toEqual(kinds.map(canaryOf));
  const byPath = new Map(found.findings.map((f) => [`${f.kind} ${f.path}`, f]));
  expect(byPath.get('spec ring')).toMatchObject({ subject: 'stamp/eu-1', expected: 'canary', observed: 'broad', severity: 'warning' });
  expect(byPath.get('resource lapidary:local:Database eu-1-database: connectionLimit')).toMatchObject({
    expected: role!.limit,
    observed: 3,
  });
  const ofProcess = (property: string) => byPath.get(`resource lapidary:local:Process eu-1-storefront: ${property}`);
  expect(ofProcess('args.0')).toMatchObject({ expected: null, observed: 'by-hand' });
  // The variable is named. What stands in it is not shown: nobody has said that it is no secret.
  expect(ofProcess('env.EDITED')).toMatchObject({ expected: null, observed: '[secret]' });
  expect(JSON.stringify(found)).not.toContain('postgres://');
  expect(new Set(found.findings.map((f) => `${f.kind} ${f.subject}`))).toEqual(new Set(['spec stamp/eu-1', 'resource stamp/eu-1']));
  expect((await fleet.stampctl(['doctor'])).stdout).toMatch(/warn +drift eu/);

  const ring = byPath.get('spec ring')!.id;
  const suppressed = await fleet.stampctl(['drift', 'suppress', ring, '--owner', 'ann', '--reason', 'ring under test', '--for', '1d']);
  expect(suppressed.code).toBe(0);
  expect((await ls()).items.map((f) => f.id)).not.toContain(ring);
  expect(await ls('--state', 'suppressed')).toMatchObject({ code: 0, items: [{ id: ring, lastSeen: expect.any(String) as string }] });

  editProcess('eu-1-storefront', ({ env: { EDITED: _, ...env } }) => ({ args: [], env }));
  await queryRows(superuser(), `ALTER ROLE stamp_eu_1 CONNECTION LIMIT ${role!.limit}`);
  expect(await look()).toMatchObject({ code: 0, findings: [] });
  expect((await fleet.stampctl(['drift', 'unsuppress', ring])).code).toBe(0);
  expect((await ls()).items).toMatchObject([{ id: ring, state: 'open' }]);
  await queryRows(controlPlane(), `UPDATE stamp SET ring = 'canary' WHERE name = 'eu-1'`);
  expect(await look()).toMatchObject({ code: 0, findings: [] });
  expect((await ls('--state', 'resolved')).items.length).toBe(found.findings.length);
});

test('a stamp that is being provisioned is no drift', async () => {
  let isOver = false;
  const provisioned = fleet.stampctl(['provision', 'eu-1']).finally(() => (isOver = true));
  while (!isOver) expect((await look()).findings).toEqual([]);
  expect((await provisioned).code).toBe(0);
  expect(await look()).toMatchObject({ code: 0, findings: [] });
});

test(
  proves('kill -9 of the control plane in the middle of a run: it does not stay open, nothing planted is left, the next one is in order', {
    operation: 'drift',
    failure: 'control-plane-down',
    outcome: 'recovers',
  }),
  async () => {
    // A control plane that is starting answers with a problem, which has no items.
    const runs = async (): Promise<DriftRunView[]> =>
      ((await fleet.api('eu').get('/v1/drift/runs')).body as { items?: DriftRunView[] }).items ?? [];
    const halfway = await waitFor('a run to be under way', async () => (await runs()).find((r) => r.status === 'running'), {
      timeoutMs: runMsMax,
      intervalMs: 5,
    });
    fleet.kill('control-plane-eu', 'SIGKILL');
    await waitFor(
      'the next leader to give the run up (or the run to have ended in the same instant)',
      async () => ((await runs().catch(() => [])).some((r) => r.id === halfway.id && r.status !== 'running') ? true : undefined),
      { timeoutMs: runMsMax, intervalMs: 250 },
    );
    expect(await look()).toMatchObject({ code: 0, findings: [] });
    expect(await queryRows(controlPlane(), `SELECT name FROM stamp`)).toEqual([{ name: 'eu-1' }]);
    expect(await queryRows(controlPlane(), `SELECT stamp FROM stamp_observation`)).toEqual([{ stamp: 'eu-1' }]);
  },
);
