import { Module } from '@nestjs/common';
import type { FindingView, SuppressionView } from '@lapidary/contracts/api/drift';
import { addToken, openDatabase, openWorld, type Answer, type World, type WorldDatabase } from '../../test/world.js';
import { domainFeatures } from '../process/features.js';
import type { Difference, Look } from './difference.js';
import { FindingsController } from './findings.controller.js';
import { eventsOfRunMax, newTelling, recordLook, type Recorded } from './record-look.js';
import { pruneDrift } from './run-rows.js';
import { DriftRunsController } from './runs.controller.js';
import { SuppressionsController } from './suppressions.controller.js';

/** The API without the worker: nobody takes up the runs that are asked for. */
@Module({ controllers: [FindingsController, SuppressionsController, DriftRunsController] })
class DriftApi {}

const dayMs = 86_400_000;
const inDays = (days: number): string => new Date(Date.now() + days * dayMs).toISOString();

describe('findings and suppressions', () => {
  let database: WorldDatabase;
  let world: World;
  let subject = 0;

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database, { features: [...domainFeatures, DriftApi] });
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  const newSubject = (): string => `stamp/eu-${(subject += 1)}`;
  const differs = (of: string, path = 'ring', observed: unknown = 'canary'): Difference => ({
    kind: 'spec',
    subject: of,
    path,
    expected: 'broad',
    observed,
    severity: 'warning',
    owner: 'platform',
  });
  const look = (looked: string[], ...differences: Difference[]): Promise<Recorded> =>
    world.inTx((tx, context) =>
      recordLook(tx, context, world.resources.clock, { kind: 'spec', looked, skipped: [], differences } satisfies Look),
    );
  const findings = async (query: string): Promise<FindingView[]> =>
    (await world.ask('GET', `/v1/drift/findings?${query}`)).body.items as unknown as FindingView[];
  const only = async (of: string, state = 'all'): Promise<FindingView> => {
    const list = await findings(`subject=${of}&state=${state}`);
    expect(list).toHaveLength(1);
    return list[0]!;
  };
  const suppress = (body: Record<string, unknown>): Promise<Answer> =>
    world.ask('POST', '/v1/drift/suppressions', { body: { owner: 'ann', reason: 'known', until: inDays(1), ...body } });

  it('a finding keeps its first sight, is seen again, and is history once its subject is in order; back again it is new', async () => {
    const of = newSubject();
    expect(await look([of], differs(of))).toEqual({ appeared: 1, resolved: 0 });
    const first = await only(of, 'open');
    expect(first).toMatchObject({ kind: 'spec', path: 'ring', expected: 'broad', observed: 'canary', timesSeen: 1, resolvedAt: null });
    expect(await look([of], differs(of, 'ring', 'early'))).toEqual({ appeared: 0, resolved: 0 });
    expect(await only(of)).toMatchObject({ id: first.id, firstSeen: first.firstSeen, observed: 'early', timesSeen: 2 });
    expect(await look([of])).toEqual({ appeared: 0, resolved: 1 });
    expect(await only(of, 'resolved')).toMatchObject({ id: first.id, state: 'resolved' });
    await look([of], differs(of));
    expect((await only(of, 'open')).id).not.toBe(first.id);
    expect(await findings(`subject=${of}&state=all`)).toHaveLength(2);
  });

  it('I5, I10: each finding that appears or goes leaves an event and an audit row, attributed', async () => {
    const of = newSubject();
    await look([of], differs(of));
    await look([of], differs(of));
    await look([of]);
    const { id } = await only(of);
    expect(await world.query(`SELECT type, actor FROM outbox WHERE subject = $1 ORDER BY position`, [`drift/${id}`])).toEqual([
      { type: 'lapidary.drift.found.v2', actor: 'system:test' },
      { type: 'lapidary.drift.resolved.v2', actor: 'system:test' },
    ]);
    expect(await world.query(`SELECT action FROM audit WHERE subject = $1 ORDER BY id`, [`drift/${id}`])).toEqual([
      { action: 'drift.found' },
      { action: 'drift.resolved' },
    ]);
  });

  const told = async (what: 'found' | 'resolved', like: string) =>
    await world.query<{ severity: string; untold: number | null }>(
      `SELECT data->'finding'->>'severity' AS severity, (data->>'untold')::int AS untold FROM outbox
        WHERE type = $1 AND data->'finding'->>'subject' LIKE $2 ORDER BY position`,
      [`lapidary.drift.${what}.v2`, like],
    );

  it('I5, I10: of many at once the worst are told by events, with how many are not, and each of them has its audit row', async () => {
    const many = Array.from({ length: 130 }, (_, i) => differs(`stamp/many-${i}`));
    const worst = differs('stamp/many-worst');
    expect(await look([], ...many, { ...worst, severity: 'critical' })).toEqual({ appeared: 131, resolved: 0 });
    const found = await told('found', 'stamp/many-%');
    expect(found).toHaveLength(eventsOfRunMax);
    expect([found[0]!.severity, found.at(-1)!.untold, found.slice(0, -1).every(({ untold }) => untold === null)]).toEqual([
      'critical',
      31,
      true,
    ]);
    expect(await look([...many, worst].map((d) => d.subject))).toEqual({ appeared: 0, resolved: 131 });
    expect((await told('resolved', 'stamp/many-%')).map(({ untold }) => untold ?? 0).reduce((sum, n) => sum + n, eventsOfRunMax)).toBe(131);
    expect(
      await world.query(
        `SELECT action, count(DISTINCT subject)::int AS findings FROM audit
          WHERE subject IN (SELECT 'drift/' || id FROM drift_finding WHERE subject LIKE 'stamp/many-%') GROUP BY action ORDER BY action`,
      ),
    ).toEqual([
      { action: 'drift.found', findings: 131 },
      { action: 'drift.resolved', findings: 131 },
    ]);
  });

  it('looks of one run share what it may tell, and none of them is silent', async () => {
    const telling = newTelling();
    for (const look of ['first', 'second'])
      await world.inTx((tx, context) =>
        recordLook(
          tx,
          context,
          world.resources.clock,
          {
            kind: 'spec',
            looked: [],
            skipped: [],
            differences: Array.from({ length: eventsOfRunMax }, (_, i) => differs(`stamp/${look}-${i}`)),
          },
          telling,
        ),
      );
    expect((await told('found', 'stamp/first-%')).map(({ untold }) => untold)).toEqual(Array(eventsOfRunMax).fill(null));
    expect(await told('found', 'stamp/second-%')).toEqual([{ severity: 'warning', untold: eventsOfRunMax - 1 }]);
  });

  it('a suppression that ended longer ago than findings are kept is on record no more; one that hides, or ended since, is', async () => {
    const suppressed = async (): Promise<SuppressionView> =>
      (await suppress({ kind: 'spec', subject: newSubject() })).body as unknown as SuppressionView;
    const [holds, ended, expired, lifted] = [await suppressed(), await suppressed(), await suppressed(), await suppressed()];
    const ago = async ({ id }: SuppressionView, until: string, liftedAt: string | null): Promise<unknown> =>
      await world.query(
        `UPDATE drift_suppression SET created_at = now() - interval '500 days', until = now() + $2::interval, lifted_at = now() + $3::interval WHERE id = $1`,
        [id, until, liftedAt],
      );
    await ago(holds, '1 day', null);
    await ago(ended, '-399 days', null);
    await ago(expired, '-401 days', null);
    await ago(lifted, '-399 days', '-401 days');
    await world.inTx(async (tx) => pruneDrift(tx));
    const status = async ({ id }: SuppressionView): Promise<number> => (await world.ask('GET', `/v1/drift/suppressions/${id}`)).status;
    expect([await status(holds), await status(ended), await status(expired), await status(lifted)]).toEqual([200, 200, 404, 404]);
  });

  it('two leaders that see the same at once make one finding', async () => {
    const of = newSubject();
    const results = await Promise.all(Array.from({ length: 6 }, () => look([of], differs(of))));
    expect(results.reduce((sum, r) => sum + r.appeared, 0)).toBe(1);
    await only(of);
  });

  it('a suppression hides, never deletes; its end brings the finding back, by time or by hand', async () => {
    const of = newSubject();
    await look([of], differs(of));
    const { id } = await only(of, 'open');
    const { status, body } = await suppress({ finding: id });
    expect(status).toBe(201);
    const suppression = body as unknown as SuppressionView;
    expect(suppression).toMatchObject({ state: 'active', owner: 'ann', reason: 'known', createdBy: 'token:admin', path: 'ring', hides: 1 });
    expect(await findings(`subject=${of}`)).toEqual([]);
    expect(await only(of, 'suppressed')).toMatchObject({ id, suppression: suppression.id, suppressedUntil: suppression.until });
    await look([of], differs(of));
    expect(await findings(`subject=${of}`)).toEqual([]);

    await world.query(`UPDATE drift_suppression SET created_at = now() - interval '2 days', until = now() WHERE id = $1`, [suppression.id]);
    expect(await only(of, 'open')).toMatchObject({ id, suppression: null });
    expect((await world.ask('GET', `/v1/drift/suppressions/${suppression.id}`)).body).toMatchObject({ state: 'expired', hides: 0 });

    const again = (await suppress({ finding: id })).body as unknown as SuppressionView;
    expect(await findings(`subject=${of}`)).toEqual([]);
    const lifted = await world.ask('DELETE', `/v1/drift/suppressions/${again.id}?reason=mended`);
    expect(lifted).toMatchObject({ status: 200, body: { state: 'lifted', liftedBy: 'token:admin' } });
    expect(await only(of, 'open')).toMatchObject({ id });
    expect((await world.ask('DELETE', `/v1/drift/suppressions/${again.id}`)).body).toMatchObject({ code: 'illegal_transition' });
    expect((await world.ask('GET', '/v1/drift/suppressions?state=all')).body.items!.map((s) => s['id'])).toEqual(
      expect.arrayContaining([suppression.id, again.id]),
    );
  });

  it('what was accepted is that difference: another value at the same path shows, and so does another path', async () => {
    const of = newSubject();
    await look([of], differs(of));
    await suppress({ finding: (await only(of)).id });
    await look([of], differs(of, 'ring', 'early'), differs(of, 'profile', 'large'));
    expect((await findings(`subject=${of}`)).map((f) => [f.path, f.observed]).sort()).toEqual([
      ['profile', 'large'],
      ['ring', 'early'],
    ]);
    await look([of], differs(of));
    expect(await findings(`subject=${of}`)).toEqual([]);
  });

  it('a suppression of a whole subject hides every path of that kind, also of findings to come', async () => {
    const of = newSubject();
    await suppress({ subject: of, kind: 'spec' });
    await look([of], differs(of), differs(of, 'profile', 'large'));
    expect(await findings(`subject=${of}`)).toEqual([]);
    expect(await findings(`subject=${of}&state=suppressed`)).toHaveLength(2);
    await world.inTx((tx, context) =>
      recordLook(tx, context, world.resources.clock, {
        kind: 'version',
        looked: [of],
        skipped: [],
        differences: [{ ...differs(of), kind: 'version' }],
      }),
    );
    expect(await findings(`subject=${of}`)).toMatchObject([{ kind: 'version' }]);
  });

  it('what was accepted is as bad as it was: once it is worse it shows, also where a whole subject was hidden', async () => {
    const [one, whole, all] = [newSubject(), newSubject(), newSubject()];
    for (const name of [one, whole, all]) await look([name], differs(name));
    await suppress({ finding: (await only(one)).id });
    await suppress({ subject: whole, kind: 'spec' });
    expect((await suppress({ subject: all, kind: 'spec', severity: 'critical' })).body).toMatchObject({ severity: 'critical', hides: 1 });
    for (const name of [one, whole, all]) {
      expect(await findings(`subject=${name}`)).toEqual([]);
      // A repair that never helps: in quarantine, and seen again.
      await world.query(`UPDATE drift_finding SET quarantined_at = now() WHERE subject = $1`, [name]);
      await look([name], differs(name));
    }
    expect(await findings(`subject=${one}`)).toMatchObject([{ severity: 'critical' }]);
    expect(await findings(`subject=${whole}`)).toMatchObject([{ severity: 'critical' }]);
    expect(await findings(`subject=${all}`)).toEqual([]);
    for (const name of [one, whole, all]) await look([name]);
  });

  it.each([
    ['no owner', { owner: undefined }, 'invalid_input'],
    ['an empty reason', { reason: ' ' }, 'invalid_input'],
    ['no end', { until: undefined }, 'invalid_input'],
    ['an end that is over', { until: '2020-01-01T00:00:00Z' }, 'invalid_input'],
    ['an end beyond a quarter', { until: inDays(91) }, 'invalid_input'],
    ['a finding and a subject', { subject: 'stamp/eu-1', kind: 'spec', finding: 'eu.01K0000000000000000000000A' }, 'invalid_input'],
    ['neither', { subject: undefined }, 'invalid_input'],
    ['a subject without kind', { subject: 'stamp/eu-1' }, 'invalid_input'],
    ['a finding that is not there', { finding: 'eu.01K0000000000000000000000A' }, 'not_found'],
    ['rubbish for a finding', { finding: "x'; DROP TABLE drift_finding" }, 'invalid_input'],
  ])('a suppression with %s is refused and nothing is written', async (_, body, code) => {
    const count = async (): Promise<unknown> => world.query(`SELECT count(*) FROM drift_suppression`);
    const before = await count();
    expect((await suppress(body)).body).toMatchObject({ code });
    expect(await count()).toEqual(before);
  });

  it('what is resolved can’t be suppressed', async () => {
    const of = newSubject();
    await look([of], differs(of));
    await look([of]);
    expect((await suppress({ finding: (await only(of)).id })).body).toMatchObject({ code: 'illegal_transition' });
  });

  it('viewers read, operators suppress', async () => {
    const viewer = await addToken(world, 'drift-viewer', 'viewer');
    expect((await world.ask('GET', '/v1/drift/findings', { token: viewer })).status).toBe(200);
    const body = { subject: 'stamp/eu-1', kind: 'spec', owner: 'a', reason: 'b', until: inDays(1) };
    expect((await world.ask('POST', '/v1/drift/suppressions', { token: viewer, body })).status).toBe(403);
    expect((await world.ask('POST', '/v1/drift/runs', { token: viewer, body: {} })).status).toBe(403);
  });

  it.each(['/v1/drift', '/v1/drift/findings', '/v1/drift/runs', '/v1/drift/suppressions'])(
    '%s of a region without a link is refused, not answered with our own',
    async (path) => {
      expect((await world.ask('GET', `${path}?region=us`)).body).toMatchObject({ code: 'region_unreachable' });
      expect((await world.ask('GET', `${path}?region=eu`)).status).toBe(200);
    },
  );

  it('filters and pages hold every finding once', async () => {
    const of = newSubject();
    await look([of], ...['a', 'b', 'c', 'd', 'e'].map((path) => differs(of, path)));
    const seen: string[] = [];
    for (let path = `/v1/drift/findings?subject=${of}&limit=2`; path !== '';) {
      const { body } = await world.ask('GET', path);
      seen.push(...body.items!.map((f) => String(f['path'])));
      path = body.next === null ? '' : `/v1/drift/findings?subject=${of}&limit=2&cursor=${String(body['next'])}`;
    }
    expect(seen.sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(await findings(`subject=${of}&severity=critical`)).toEqual([]);
    expect(await findings(`subject=${of}&severity=info`)).toHaveLength(5);
    expect(await findings(`subject=${of}&kind=resource`)).toEqual([]);
  });

  it('asking for a run while one waits gets that one; the status counts what stands', async () => {
    const [a, b] = [await world.ask('POST', '/v1/drift/runs', { body: {} }), await world.ask('POST', '/v1/drift/runs')];
    expect([a.status, b.status]).toEqual([202, 202]);
    expect(b.body['id']).toBe(a.body['id']);
    expect((await world.ask('GET', `/v1/drift/runs/${String(a.body['id'])}`)).body).toMatchObject({ status: 'queued', trigger: 'request' });
    expect((await world.ask('POST', '/v1/drift/runs', { body: { stamp: 'eu-77' } })).status).toBe(404);
    expect((await world.ask('POST', '/v1/drift/runs', { body: { region: 'us', stamp: 'eu-77' } })).status).toBe(400);
    const status = (await world.ask('GET', '/v1/drift')).body as unknown as { open: Record<string, number>; suppressed: number };
    expect(status).toMatchObject({ region: 'eu', lastRun: null, blind: [] });
    expect(status.open['warning']).toBe((await findings('severity=warning&limit=500')).length);
    expect(status.suppressed).toBe((await findings('state=suppressed&limit=500')).length);
  });

  it('the trend tells each day of the window from the findings themselves, also on days on which nobody looked', async () => {
    await world.query(`DELETE FROM drift_finding`);
    await world.query(
      `INSERT INTO drift_finding (id, region, kind, subject, path, expected, observed, severity, owner, first_seen, resolved_at)
       SELECT 'eu.t' || n, 'eu', 'spec', 'stamp/eu-1', 'p' || n, '1', '2', 'info', 'x', now() - make_interval(days => born), now() - make_interval(days => gone)
         FROM (VALUES (1, 40, 10), (2, 5, 1), (3, 2, NULL), (4, 2, NULL), (5, 0, NULL)) AS f(n, born, gone)`,
    );
    await world.query(
      `INSERT INTO drift_day (day, runs, failed, blind) VALUES ((now() AT TIME ZONE 'UTC')::date - 1, 3, 2, '{spec}'), ((now() AT TIME ZONE 'UTC')::date - 9, 9, 9, '{}')`,
    );
    const { body } = await world.ask('GET', '/v1/drift/trend?days=4');
    const days = (body as unknown as { days: Record<string, unknown>[] }).days.map(({ day: _, ...rest }) => rest);
    expect(days).toEqual([
      { runs: 0, failed: 0, appeared: 0, resolved: 0, open: 1, blind: [] },
      { runs: 0, failed: 0, appeared: 2, resolved: 0, open: 3, blind: [] },
      { runs: 3, failed: 2, appeared: 0, resolved: 1, open: 2, blind: ['spec'] },
      { runs: 0, failed: 0, appeared: 1, resolved: 0, open: 3, blind: [] },
    ]);
    for (const wrong of ['0', '367', 'x']) expect((await world.ask('GET', `/v1/drift/trend?days=${wrong}`)).status).toBe(400);
  });

  it('the status says that looks fail, and that nobody has looked for longer than is meant', async () => {
    const status = async (): Promise<Record<string, unknown>> => (await world.ask('GET', '/v1/drift')).body;
    const ended = async (id: string, at: string, how: string): Promise<unknown> =>
      await world.query(
        `INSERT INTO drift_run (id, region, trigger, requested_by, request_id, status, created_at, finished_at, error)
         VALUES ($1, 'eu', 'schedule', 'x', 'x', $3, now() - $2::interval, now() - $2::interval, CASE $3 WHEN 'failed' THEN 'no room on the disk' END)`,
        [id, at, how],
      );
    await ended(`eu.${'0'.repeat(25)}A`, '1 minute', 'done');
    expect(await status()).toMatchObject({ isOverdue: false, failed: null });
    await ended(`eu.${'0'.repeat(25)}B`, '50 seconds', 'failed');
    await ended(`eu.${'0'.repeat(25)}C`, '40 seconds', 'failed');
    expect(await status()).toMatchObject({ isOverdue: false, failed: { runs: 2, error: 'no room on the disk' } });
    await world.query(`UPDATE drift_run SET created_at = created_at - interval '30 days', finished_at = finished_at - interval '30 days'`);
    // Runs go after a week; the last good one stays, or it would seem that nobody has ever looked.
    await world.inTx(async (tx) => pruneDrift(tx));
    expect(await status()).toMatchObject({ isOverdue: true, failed: null, lastRun: { id: `eu.${'0'.repeat(25)}A` } });
  });
});
