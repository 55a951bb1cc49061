import { jest } from '@jest/globals';
import { RolloutSchema, type RolloutEvents, type RolloutPlan, type RolloutView, type VersionSkew } from '@lapidary/contracts/api/rollouts';
import { waitFor } from '@lapidary/kernel/wait-for';
import { openRolloutWorld, type RolloutRegion, type RolloutWorld } from '../../test/rollout-world.js';

jest.setTimeout(420_000);

const [before, target] = ['1.0.0', '2.0.0'];
const policy = { soakSeconds: 3, settleSeconds: 2, confirmSeconds: 1, requestsMin: 200, concurrencyMax: 4 };
const soon = { timeoutMs: 200_000, intervalMs: 100 };
const rings = ['canary', 'early', 'early', 'broad', 'broad', 'broad'] as const;

let world: RolloutWorld;
let home: RolloutRegion;
let away: RolloutRegion;
let early: string[];
let canary: string[];

const start = (more: Record<string, unknown> = {}) =>
  home.ask<RolloutView & { code?: string }>('POST', '/v1/rollouts', { workload: { version: target }, policy, ...more });
const show = async (id: string): Promise<RolloutView> => (await home.ask<RolloutView>('GET', `/v1/rollouts/${id}`)).body;
const until = (id: string, what: string, holds: (r: RolloutView) => boolean): Promise<RolloutView> =>
  waitFor(`the roll-out to be ${what}`, async () => ((r) => (holds(r) ? r : undefined))(await show(id)), soon);
const versions = async (): Promise<Record<string, string>> => {
  const { body } = await home.ask<VersionSkew>('GET', '/v1/versions');
  return Object.fromEntries(body.workload.flatMap((v) => v.stamps.map((s) => [s, v.version ?? 'none'])));
};
const heldStamps = async (): Promise<string[]> => {
  const of = async (r: RolloutRegion): Promise<string[]> =>
    (await r.query<{ name: string }>('SELECT name FROM stamp WHERE region = $1 AND held_by_rollout IS NOT NULL', [r.name])).map(
      (s) => s.name,
    );
  return [...(await of(home)), ...(await of(away))];
};
const eachRollsBackTo = async (id: string): Promise<void> => {
  expect((await home.ask('POST', `/v1/rollouts/${id}/rollback`, { reason: 'for the next test' })).status).toBe(200);
  await until(id, 'rolled back', (r) => r.status === 'rolled_back');
  await waitFor('no stamp to be held', async () => ((await heldStamps()).length === 0 ? true : undefined), soon);
};

beforeAll(async () => {
  world = await openRolloutWorld();
  [home, away] = world.regions;
  const stamps = [home.name, away.name].flatMap((region) => rings.map((ring, i) => [`${region}-${i + 1}`, ring] as const));
  canary = stamps.filter(([, ring]) => ring === 'canary').map(([name]) => name);
  early = stamps.filter(([, ring]) => ring === 'early').map(([name]) => name);
  await Promise.all(stamps.map(([name, ring]) => world.build(name, ring)));
  await waitFor('the fleet to be known', async () => (Object.keys(await versions()).length === 12 ? true : undefined), soon);
});
afterAll(async () => world?.close());

it('a plan changes nothing and says who would be changed when', async () => {
  const plan = await home.ask<RolloutPlan>('POST', '/v1/rollouts?dryRun=true', { workload: { version: target } });
  expect(plan.status).toBe(200);
  expect(plan.body.waves.map((w) => [w.name, w.stamps.length])).toEqual([
    ['canary', 2],
    ['early', 4],
    ['broad-1', 3],
    ['broad-2', 3],
  ]);
  expect((await home.ask<{ items: unknown[] }>('GET', '/v1/rollouts')).body.items).toEqual([]);
});

it('12 stamps of two regions, the second wave gets worse: halted and taken back with nobody’s help (P-ST8)', async () => {
  world.behaviour = (stamp, version) => ({ requests: 40, errors: version === target && early.includes(stamp) ? 10 : 0 });
  const cordoned = early[0]!;
  await home.ask('POST', `/v1/stamps/${cordoned}/cordon`, { reason: 'disk is being replaced' });
  const started = await start();
  expect(started.status).toBe(201);
  const { id } = started.body;

  const second = await start();
  expect(second).toMatchObject({ status: 409, body: { code: 'rollout_in_progress' } });

  const held = await until(id, 'changing', (r) => r.stamps.some((s) => s.status === 'soaking'));
  const placing = held.stamps.find((s) => s.status === 'soaking')!;
  expect(await heldStamps()).toContain(placing.stamp);
  expect((await home.ask('POST', '/v1/tenants', { id: 'newcomer', region: home.name })).status).toBe(201);
  const explained = await home.ask('GET', '/v1/tenants/newcomer/explain');
  expect(JSON.stringify(explained.body)).toContain(`being changed by roll-out ${id}`);

  const end = await until(id, 'halted', (r) => r.status === 'halted');
  expect(Object.fromEntries(end.waves.map((w) => [w.name, w.status]))).toEqual({
    canary: 'passed',
    early: 'reverted',
    'broad-1': 'skipped',
    'broad-2': 'skipped',
  });
  expect(end.waves[0]!.verdict).toMatchObject({ outcome: 'passed' });
  expect(end.waves[1]!.verdict).toMatchObject({ outcome: 'failed' });
  expect(end.statusReason).toMatch(/requests fail/);
  await waitFor('every hold to be lifted', async () => ((await heldStamps()).length === 0 ? true : undefined), soon);
  const now = await waitFor(
    'versions to be told',
    async () => ((v) => (early.every((s) => v[s] === before) ? v : undefined))(await versions()),
    soon,
  );
  for (const [stamp, version] of Object.entries(now)) expect([stamp, version]).toEqual([stamp, canary.includes(stamp) ? target : before]);

  // Whoever was not reached had no second job; a person's cordon is where it was.
  const jobs = (
    await Promise.all(
      [home, away].map((r) => r.query<{ subject: string; n: number }>('SELECT subject, count(*)::int AS n FROM job GROUP BY subject')),
    )
  ).flat();
  for (const { subject, n } of jobs)
    expect([subject, n]).toEqual([subject, early.includes(subject) ? 3 : canary.includes(subject) ? 2 : 1]);
  expect((await home.ask('GET', `/v1/stamps/${cordoned}`)).body).toMatchObject({
    cordoned: true,
    cordonReason: 'disk is being replaced',
    heldBy: null,
  });
  await home.ask('POST', `/v1/stamps/${cordoned}/uncordon`);

  const lines = (await home.ask<RolloutEvents>('GET', `/v1/rollouts/${id}/events`)).body.items;
  expect(lines.map((l) => l.sequence)).toEqual(lines.map((_, i) => i + 1));
  expect(lines.filter((l) => l.level === 'error').length).toBeGreaterThan(0);
  const audited = await home.query<{ action: string }>(`SELECT DISTINCT action FROM audit WHERE subject = $1 ORDER BY action`, [
    `rollout/${id}`,
  ]);
  expect(audited.map((a) => a.action)).toEqual(['rollout.start', 'rollout.step']);

  // The other region knows it by its events (I6), and what is told there is done here.
  const own = await show(id);
  const replica = await waitFor(
    'the replica to have caught up',
    async () => {
      const { body } = await away.ask<{ items: RolloutView[] }>('GET', '/v1/rollouts');
      return body.items[0]?.version === own.version ? body.items[0] : undefined;
    },
    soon,
  );
  expect(RolloutSchema.parse(replica)).toEqual(RolloutSchema.parse(own));
  expect((await away.ask('POST', `/v1/rollouts/${id}/resume`)).body).toMatchObject({ code: 'illegal_transition' });

  expect(await start({ workload: { version: '3.0.0' } })).toMatchObject({ status: 409, body: { code: 'version_skew' } });
  await eachRollsBackTo(id);
});

it('the control group gets worse too: held, not halted; and abort leaves each stamp what it has', async () => {
  world.behaviour = () => ({ requests: 40, errors: 10 });
  const { body } = await start();
  const first = await until(body.id, 'held', (r) => r.waves[0]!.checks.some((c) => c.measure === 'errors' && c.outcome === 'hold'));
  const seenBefore = first.waves[0]!.checks.find((c) => c.measure === 'errors')!.samples.control;
  // Many times the requests, and the time, after which the same figures halted the roll-out above.
  const later = await until(
    body.id,
    'held for long',
    (r) => (r.waves[0]!.checks.find((c) => c.measure === 'errors')?.samples.control ?? 0) > seenBefore + 6_000,
  );
  expect(later).toMatchObject({
    status: 'running',
    waves: [{ status: 'soaking' }, { status: 'pending' }, { status: 'pending' }, { status: 'pending' }],
  });

  expect((await away.ask('POST', `/v1/rollouts/${body.id}/abort`, { reason: 'enough' })).status).toBe(200);
  const end = await until(body.id, 'aborted', (r) => r.status === 'aborted');
  expect(end.statusReason).toMatch(/enough/);
  await waitFor('every hold to be lifted', async () => ((await heldStamps()).length === 0 ? true : undefined), soon);
  expect((await versions())[canary[0]!]).toBe(target);
  await eachRollsBackTo(body.id);
});

it('a region that was restored to before a roll-out of its own gives it up: holds are lifted everywhere, and another one may begin', async () => {
  world.behaviour = () => ({ requests: 40, errors: 0 });
  const { body } = await start({ policy: { ...policy, soakSeconds: 3_600 } });
  await until(body.id, 'watching', (r) => r.waves[0]!.status === 'soaking');
  const known = async (region: RolloutRegion) =>
    region.query<{ status: string }>(`SELECT view->>'status' AS status FROM rollout_replica WHERE id = $1`, [body.id]);
  await waitFor('it to be known there', async () => ((await known(away)).length > 0 ? true : undefined), soon);
  // What a backup of before would know of it.
  for (const table of ['rollout_event', 'rollout_stamp', 'rollout_wave'])
    await home.query(`DELETE FROM ${table} WHERE rollout = $1`, [body.id]);
  await home.query('DELETE FROM rollout WHERE id = $1', [body.id]);
  expect(await heldStamps()).not.toEqual([]);
  const refused = await away.ask<{ code?: string }>('POST', '/v1/rollouts', { workload: { version: target }, policy });
  expect([refused.status, refused.body.code]).toEqual([409, 'rollout_in_progress']);

  // GU1: its region answers, and can be told itself.
  const early = await away.ask<{ code?: string; detail?: string }>('POST', `/v1/rollouts/${body.id}/give-up`, {});
  expect([early.status, early.body.code, early.body.detail]).toEqual([409, 'illegal_transition', expect.stringContaining('answers')]);
  expect((await home.ask('POST', `/v1/rollouts/${body.id}/pause`, {})).status).toBe(404);
  const given = await home.ask<RolloutView>('POST', `/v1/rollouts/${body.id}/abort`, { reason: 'restored' });
  expect(given).toMatchObject({ status: 200, body: { status: 'aborted', region: home.name } });
  expect(given.body.statusReason).toMatch(/lost with what this region held.*restored/);
  await waitFor('every hold to be lifted', async () => ((await heldStamps()).length === 0 ? true : undefined), soon);
  await waitFor('the end to be known there', async () => ((await known(away))[0]?.status === 'aborted' ? true : undefined), soon);
  expect((await home.ask('POST', `/v1/rollouts/${home.name}.${'0'.repeat(26)}/abort`, {})).status).toBe(404);
  const next = await start({ workload: { version: before } });
  expect(next.status).toBe(201);
  await until(next.body.id, 'completed', (r) => r.status === 'completed');
  await waitFor('every hold to be lifted again', async () => ((await heldStamps()).length === 0 ? true : undefined), soon);
});

it('a stamp that is built during a roll-out begins at its target and is watched with the wave; its job says where the version is from', async () => {
  world.behaviour = () => ({ requests: 40, errors: 0 });
  const { body } = await start({ policy: { ...policy, waves: [{ ring: 'canary' }, { ring: 'early', approval: true }] } });
  const late = `${away.name}-7`;
  await waitFor(
    'the roll-out to be known there',
    async () => ((await away.query('SELECT 1 FROM rollout_replica WHERE id = $1', [body.id])).length > 0 ? true : undefined),
    soon,
  );
  await world.build(late, 'early');
  await until(body.id, 'waiting for an approval', (r) => r.waves[1]!.status === 'awaiting');
  const joined = await until(body.id, 'joined', (r) => r.stamps.some((s) => s.stamp === late));
  expect(joined.stamps.find((s) => s.stamp === late)).toMatchObject({ status: 'soaking', wave: 'early', fromVersion: before, job: null });
  const [asked] = await away.query<{ version: string; from: string }>(
    `SELECT input->'spec'->'workload'->>'version' AS version, input->>'versionFrom' AS "from" FROM job WHERE subject = $1`,
    [late],
  );
  expect(asked).toEqual({ version: target, from: 'roll-out' });

  await away.ask('POST', `/v1/rollouts/${body.id}/approve`, {});
  const end = await until(body.id, 'completed', (r) => r.status === 'completed');
  expect(end.stamps.filter((s) => s.status === 'passed')).toHaveLength(7);
  expect(end.waves[1]!.approvedBy).toMatch(/^token:/);
});

it('a template makes the second wave worse: halted, and rendered again from the release before, with nobody’s help', async () => {
  await world.installTemplate('2.0.0', '1.0.0');
  const templates = async (): Promise<Record<string, string>> => {
    const { body } = await home.ask<VersionSkew>('GET', '/v1/versions');
    return Object.fromEntries(body.template.flatMap((v) => v.stamps.map((s) => [s, v.version ?? 'none'])));
  };
  const late = `${away.name}-7`;
  world.behaviour = (stamp, _, template) => ({ requests: 40, errors: template === '2.0.0' && early.includes(stamp) ? 10 : 0 });
  const byTemplate = (version: string) => start({ workload: undefined, template: { version } });
  expect(await byTemplate('3.0.0')).toMatchObject({ status: 422, body: { code: 'template_unavailable' } });
  const { body } = await byTemplate('2.0.0');
  const end = await until(body.id, 'halted', (r) => r.status === 'halted');
  expect(end.waves.map((w) => w.status)).toEqual(['passed', 'reverted', 'skipped', 'skipped']);
  expect(end.stamps.filter((s) => s.status === 'stuck')).toEqual([]);
  await waitFor('every hold to be lifted', async () => ((await heldStamps()).length === 0 ? true : undefined), soon);
  const now = await waitFor(
    'templates to be told',
    async () => ((t) => ([...early, late].every((s) => t[s] === '1.0.0') ? t : undefined))(await templates()),
    soon,
  );
  for (const [stamp, version] of Object.entries(now)) expect([stamp, version]).toEqual([stamp, canary.includes(stamp) ? '2.0.0' : '1.0.0']);

  // Nobody moves to the halted template by the way, though it is the newest that is installed.
  const untouched = `${home.name}-6`;
  const asked = await home.ask<{ id: string }>('POST', `/v1/stamps/${untouched}/provision`, { capacity: { units: 120 } });
  const [row] = await home.query<{ template: string }>(`SELECT input->>'templateVersion' AS template FROM job WHERE id = $1`, [
    asked.body.id,
  ]);
  expect(row).toEqual({ template: '1.0.0' });
  await waitFor(
    'its job',
    async () => ((await home.ask('GET', `/v1/jobs/${asked.body.id}`)).body['status'] === 'succeeded' ? true : undefined),
    soon,
  );
  await eachRollsBackTo(body.id);
  expect(new Set(Object.values(await templates()))).toEqual(new Set(['1.0.0']));
});

it('two regions begin at the same moment: one goes on, the other says to whom it gave way, and no stamp is left between them', async () => {
  world.behaviour = () => ({ requests: 40, errors: 0 });
  const body = { workload: { version: target }, policy: { ...policy, waves: [{ ring: 'broad', approval: true }] } };
  const answers = await Promise.all([home, away].map((r) => r.ask<RolloutView & { code?: string }>('POST', '/v1/rollouts', body)));
  const begun = answers.filter((a) => a.status === 201).map((a) => a.body.id);
  expect(begun.length).toBeGreaterThan(0);
  const ulid = (id: string): string => id.split('.')[1]!;
  const [winner = '', loser] = begun.toSorted((a, b) => (ulid(a) < ulid(b) ? -1 : 1));
  if (loser === undefined) expect(answers.find((a) => a.status === 409)?.body.code).toBe('rollout_in_progress');
  else {
    const gone = await waitFor(
      'the later one to give way',
      async () => {
        const seen = await (loser.startsWith(`${home.name}.`) ? home : away).ask<RolloutView>('GET', `/v1/rollouts/${loser}`);
        return seen.body.status === 'rolled_back' ? seen.body : undefined;
      },
      soon,
    );
    expect(gone.statusReason).toContain(winner);
  }
  const its = winner.startsWith(`${home.name}.`) ? home : away;
  await waitFor(
    'its wave to take the approval',
    async () => ((await its.ask('POST', `/v1/rollouts/${winner}/approve`, {})).status === 200 ? true : undefined),
    soon,
  );
  await waitFor(
    'the earlier one to be completed',
    async () => ((await its.ask<RolloutView>('GET', `/v1/rollouts/${winner}`)).body.status === 'completed' ? true : undefined),
    soon,
  );
  await waitFor('every hold to be lifted', async () => ((await heldStamps()).length === 0 ? true : undefined), soon);
  expect(new Set(Object.values(await versions()))).toEqual(new Set([target]));
});

it.each<[string, unknown, number, string]>([
  ['nothing', {}, 400, 'invalid_input'],
  ['two things at once', { workload: { version: '9' }, template: { version: '9' } }, 400, 'invalid_input'],
  ['a region that is not there', { workload: { version: target }, regions: ['mars'] }, 422, 'unknown_region'],
  ['a policy that makes no sense', { workload: { version: target }, policy: { errorShareMax: 7 } }, 400, 'invalid_input'],
  ['an unknown figure', { workload: { version: target }, policy: { soak: 7 } }, 400, 'invalid_input'],
])('rolling out %s is refused, and nothing is begun', async (_, body, status, code) => {
  const count = async (): Promise<number> => (await home.ask<{ items: unknown[] }>('GET', '/v1/rollouts')).body.items.length;
  const there = await count();
  expect(await home.ask('POST', '/v1/rollouts', body)).toMatchObject({ status, body: { code } });
  expect(await count()).toBe(there);
});
