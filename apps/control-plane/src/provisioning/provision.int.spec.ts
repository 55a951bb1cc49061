import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobView } from '@lapidary/contracts/api/jobs';
import { JobEventsSchema, JobSchema } from '@lapidary/contracts/api/jobs';
import { PlansSchema, ProvisionPlanSchema, type Plans, type ProvisionPlan } from '@lapidary/contracts/api/provisioning';
import type { StampView } from '@lapidary/contracts/api/stamps';
import { waitFor } from '@lapidary/kernel/wait-for';
import { openProvisionWorld, type ProvisionWorld } from '../../test/provision-world.js';

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('POST /v1/stamps/:name/provision', () => {
  let world: ProvisionWorld;
  beforeAll(async () => {
    world = await openProvisionWorld();
  });
  afterAll(async () => {
    await world.close();
  });

  const provision = (name: string, body?: unknown, headers?: Record<string, string>) =>
    world.ask<JobView>('POST', `/v1/stamps/${name}/provision`, body, headers);
  const stamp = async (name: string): Promise<StampView> => (await world.ask<StampView>('GET', `/v1/stamps/${name}`)).body;
  /** The agent registers as soon as its token is known, as the real one does. */
  const agentAppears = async (name: string): Promise<void> => {
    await waitFor(
      'outputs',
      async () =>
        (await world.query(`SELECT 1 FROM stamp WHERE name = $1 AND agent_token_sha256 IS NOT NULL`, [name])).length > 0 ? true : undefined,
      {
        timeoutMs: 60_000,
      },
    );
    await world.registerAgent(name);
  };
  const counts = async (): Promise<unknown> =>
    await world.query(
      `SELECT (SELECT count(*) FROM job) AS jobs, (SELECT count(*) FROM stamp) AS stamps, (SELECT count(*) FROM outbox) AS events, (SELECT count(*) FROM pgboss.job) AS messages`,
    );

  it('accepts, works through its steps, and the stamp takes tenants; a second time there are no changes', async () => {
    const accepted = await provision('eu-2', { capacity: { units: 7 }, reason: 'more room' });
    expect(accepted.status).toBe(202);
    expect(accepted.headers.get('location')).toBe(`/v1/jobs/${accepted.body.id}`);
    expect(JobSchema.parse(accepted.body)).toMatchObject({ status: 'queued', subject: 'eu-2', region: 'eu', kind: 'provision' });
    await agentAppears('eu-2');
    const job = await world.jobIs(accepted.body.id, 'succeeded');
    expect(job.summary).toBe('3 created');
    expect(job.steps.map((s) => [s.name, s.status, s.attempts])).toEqual(
      ['resolve', 'apply', 'register', 'verify', 'activate'].map((n) => [n, 'succeeded', 1]),
    );
    expect(await stamp('eu-2')).toMatchObject({ status: 'active', capacity: { units: 7 }, templateVersion: '1.0.0' });
    const messages = (await world.eventsOf(job.id)).map((e) => e.message);
    expect(messages).toEqual(
      expect.arrayContaining([expect.stringMatching(/no stamps\/eu-2\.yaml/), 'create fake:index:Thing database: done']),
    );
    expect(JSON.stringify(await world.eventsOf(job.id))).not.toMatch(/postgres:\/\//);

    const again = await provision('eu-2');
    const second = await world.jobIs(again.body.id, 'succeeded');
    expect(second.summary).toBe('no changes');
    expect(second.steps.at(-1)!.status).toBe('skipped');
    expect((await stamp('eu-2')).capacity.units).toBe(7);
  });

  it('an active stamp stays active while it is provisioned again and when that fails', async () => {
    const before = await stamp('eu-2');
    await writeFile(join(world.stampsDir, 'eu-2.yaml'), 'name: eu-2\nregion: eu\nlabels: { behaviour: fails }\ncapacity: { units: 9 }\n');
    const { body } = await provision('eu-2');
    const failed = await world.jobIs(body.id, 'failed');
    expect(failed.error).toEqual({ code: 'provision_failed', message: 'the template is wrong' });
    expect(failed.steps.map((s) => s.status)).toEqual(['succeeded', 'failed', 'pending', 'pending', 'pending']);
    expect(before.status).toBe('active');
    expect((await stamp('eu-2')).status).toBe('active');
  });

  it('a new stamp whose building fails is "failed"; a corrected spec builds it', async () => {
    await writeFile(join(world.stampsDir, 'eu-3.yaml'), 'name: eu-3\nregion: eu\nlabels: { behaviour: fails }\n');
    const { body } = await provision('eu-3');
    await world.jobIs(body.id, 'failed');
    expect((await stamp('eu-3')).status).toBe('failed');
    await writeFile(join(world.stampsDir, 'eu-3.yaml'), 'name: eu-3\nregion: eu\n');
    const second = await provision('eu-3');
    expect((await stamp('eu-3')).status).toBe('provisioning');
    await agentAppears('eu-3');
    await world.jobIs(second.body.id, 'succeeded');
    expect((await stamp('eu-3')).status).toBe('active');
  });

  it('a job is not retried once the stamp has had a later one: it would take it back to what it was to be before', async () => {
    await writeFile(join(world.stampsDir, 'eu-13.yaml'), 'name: eu-13\nregion: eu\nlabels: { behaviour: fails }\ncapacity: { units: 5 }\n');
    const first = await provision('eu-13');
    await world.jobIs(first.body.id, 'failed');
    await writeFile(join(world.stampsDir, 'eu-13.yaml'), 'name: eu-13\nregion: eu\ncapacity: { units: 8 }\n');
    const second = await provision('eu-13');
    await agentAppears('eu-13');
    await world.jobIs(second.body.id, 'succeeded');
    const refused = await world.ask('POST', `/v1/jobs/${first.body.id}/retry`);
    expect([refused.status, refused.body['code'], refused.body['details']]).toEqual([
      409,
      'illegal_transition',
      { jobId: second.body.id, subject: 'eu-13' },
    ]);
    expect(await stamp('eu-13')).toMatchObject({ status: 'active', capacity: { units: 8 } });
  });

  it('one open job per stamp: the second request gets the id of the first; cancel ends it, the child is gone, retry goes on', async () => {
    await writeFile(join(world.stampsDir, 'eu-4.yaml'), 'name: eu-4\nregion: eu\nlabels: { behaviour: obedient }\n');
    const { body } = await provision('eu-4');
    const refused = await provision('eu-4');
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ code: 'job_in_progress', details: { jobId: body.id } });
    await waitFor(
      'the child',
      async () =>
        (await world.eventsOf(body.id)).some((e) => e.message.includes('started') && e.message.includes('database')) ? true : undefined,
      { timeoutMs: 60_000 },
    );
    expect((await world.ask('POST', `/v1/jobs/${body.id}/cancel`)).status).toBe(202);
    await world.jobIs(body.id, 'cancelled');
    expect((await stamp('eu-4')).status).toBe('failed');
    const retried = await world.ask<JobView>('POST', `/v1/jobs/${body.id}/retry`);
    expect(retried.body).toMatchObject({ status: 'queued', attempt: 2 });
    expect((await stamp('eu-4')).status).toBe('provisioning');
    await world.ask('POST', `/v1/jobs/${body.id}/cancel`);
    await world.jobIs(body.id, 'cancelled');
  });

  it('a forced cancel kills a child that hears nothing at once, and says how much was done', async () => {
    await writeFile(join(world.stampsDir, 'eu-5.yaml'), 'name: eu-5\nregion: eu\nlabels: { behaviour: deaf }\n');
    const { body } = await provision('eu-5');
    await waitFor(
      'the child',
      async () => ((await world.eventsOf(body.id)).some((e) => e.message.includes('database')) ? true : undefined),
      {
        timeoutMs: 60_000,
      },
    );
    const { pid } = JSON.parse(await readFile(join(world.stampsDir, '..', 'state', 'seen.json'), 'utf8')) as { pid: number };
    const before = performance.now();
    expect((await world.ask('POST', `/v1/jobs/${body.id}/cancel`, { force: true, reason: 'it hangs' })).status).toBe(202);
    await world.jobIs(body.id, 'cancelled');
    // Below the 15 s and 20 s of the graces.
    expect(performance.now() - before).toBeLessThan(15_000);
    await waitFor('the child to be gone', () => Promise.resolve(isAlive(pid) ? undefined : true), { timeoutMs: 60_000 });
    expect((await world.eventsOf(body.id)).map((e) => e.message)).toContain('token:admin asked to cancel by force: it hangs');
    expect((await world.ask('POST', `/v1/jobs/${body.id}/cancel`, { force: 'very' })).status).toBe(400);
  });

  it('counts resources against the last time, and tells from then on how long each step usually takes', async () => {
    const { body } = await provision('eu-2');
    const { body: job } = await world.ask<JobView>('GET', `/v1/jobs/${body.id}`);
    expect(JobSchema.parse(job).steps.every((s) => (s.usual?.samples ?? 0) > 0)).toBe(true);
    // However it ends, it must have ended before others count what is there.
    const isOver = async () => ((await world.ask<JobView>('GET', `/v1/jobs/${body.id}`)).body.finishedAt === null ? undefined : true);
    await waitFor('its end', isOver, { timeoutMs: 60_000 });
  });

  it('dead letters are listed beside the jobs, not mistaken for one', async () => {
    expect((await world.ask('GET', '/v1/jobs/dead-letters')).body).toEqual({ items: [], next: null });
    expect((await world.ask('GET', `/v1/jobs/dead-letters/eu.${'0'.repeat(26)}`)).status).toBe(404);
    expect((await world.ask('POST', `/v1/jobs/dead-letters/eu.${'0'.repeat(26)}/drop`, {})).status).toBe(400);
  });

  it.each([
    ['a 300-character name', `${'e'.repeat(300)}-1`, {}, 400, 'invalid_input'],
    ['a name that leads elsewhere', '..%2f..%2fetc-1', {}, 400, 'invalid_input'],
    ['an unknown region', 'mars-1', {}, 422, 'unknown_region'],
    ['another region’s stamp that nobody forwarded', 'us-1', {}, 503, 'region_unreachable'],
    ['capacity 0', 'eu-9', { capacity: { units: 0 } }, 400, 'invalid_input'],
    ['an unknown profile', 'eu-9', { profile: 'gigantic' }, 422, 'spec_invalid'],
    ['an unknown field', 'eu-9', { colour: 'red' }, 400, 'invalid_input'],
    ['a malformed file', 'eu-8', {}, 422, 'spec_invalid'],
  ])('refuses %s and changes nothing', async (_what, name, body, status, code) => {
    await writeFile(join(world.stampsDir, 'eu-8.yaml'), 'name: [eu-8\n');
    const before = await counts();
    const answer = await provision(name, body);
    expect([answer.status, (answer.body as unknown as { code: string }).code]).toEqual([status, code]);
    expect(await counts()).toEqual(before);
  });

  it('refuses a capacity below what the tenants have, and keeps no job of it', async () => {
    await world.query(`UPDATE stamp SET used_units = 50, capacity_units = 100 WHERE name = 'eu-3'`);
    const before = await counts();
    expect((await provision('eu-3', { capacity: { units: 10 } })).body).toMatchObject({ code: 'spec_invalid' });
    expect(await counts()).toEqual(before);
    await world.query(`UPDATE stamp SET used_units = 0 WHERE name = 'eu-3'`);
  });

  it('dry run answers the plan and writes nothing', async () => {
    const before = await counts();
    const { status, body } = await world.ask<ProvisionPlan>('POST', '/v1/stamps/eu-2/provision?dryRun=true', { ring: 'canary' });
    expect(status).toBe(200);
    expect(ProvisionPlanSchema.parse(body)).toMatchObject({
      source: 'file',
      stamp: { status: 'active' },
      changed: expect.arrayContaining(['ring']),
      resources: [{ op: 'create', name: 'eu-2-thing' }],
      unchanged: 3,
      simulated: true,
    });
    expect(await counts()).toEqual(before);
  });

  it('a plan names what would lose data, and no longer what is approved', async () => {
    const labels = { plan: 'loses-data' };
    const { body } = await world.ask<ProvisionPlan>('POST', '/v1/stamps/eu-2/plan', { labels });
    expect(body.approvalsNeeded).toEqual(['eu-2-database']);
    const approved = await world.ask<ProvisionPlan>('POST', '/v1/stamps/eu-2/plan', { labels, approveReplace: ['eu-2-database'] });
    expect(approved.body.approvalsNeeded).toEqual([]);
    const refused = await world.ask('POST', '/v1/stamps/eu-2/plan', { labels: { plan: 'fails' } });
    expect(refused).toMatchObject({ status: 422, body: { code: 'policy_refused' } });
  });

  it('plans of a region cover every stamp, those that only have a file too; a bad file hides no other', async () => {
    const before = await counts();
    await writeFile(join(world.stampsDir, 'eu-70.yaml'), 'name: eu-70\nregion: eu\nlabels: { plan: nothing }\n');
    await writeFile(join(world.stampsDir, 'eu-71.yaml'), 'name: eu-71\nregion: eu\nprofile: huge\n');
    const { status, body } = await world.ask<Plans>('POST', '/v1/plans', {});
    await Promise.all(['eu-70', 'eu-71'].map(async (name) => rm(join(world.stampsDir, `${name}.yaml`))));
    expect(status).toBe(200);
    expect(PlansSchema.parse(body).region).toBe('eu');
    const of = (name: string) => body.items.find(({ stamp }) => stamp === name);
    expect(of('eu-2')?.plan?.resources).toHaveLength(1);
    expect(of('eu-70')?.plan).toMatchObject({ stamp: null, resources: [] });
    expect(of('eu-71')).toMatchObject({ plan: null, problem: { code: 'spec_invalid' } });
    expect(await counts()).toEqual(before);
    expect((await world.ask<Plans>('POST', '/v1/plans', { stamps: ['eu-2'] })).body.items).toHaveLength(1);
    expect((await world.ask<ProvisionPlan>('GET', '/v1/stamps/eu-2/plan')).body.resources).toHaveLength(1);
  });

  it('the same Idempotency-Key gets the same job', async () => {
    const headers = { 'idempotency-key': 'one-and-the-same' };
    const first = await provision('eu-5', {}, headers);
    const second = await provision('eu-5', {}, headers);
    expect(second.status).toBe(202);
    expect(second.body.id).toBe(first.body.id);
    await world.ask('POST', `/v1/jobs/${first.body.id}/cancel`);
    await world.jobIs(first.body.id, 'cancelled');
  });

  it('a killed provisioning child is followed by another one, with no manual step and nothing made twice', async () => {
    await writeFile(join(world.stampsDir, 'eu-6.yaml'), 'name: eu-6\nregion: eu\nlabels: { behaviour: crash-once }\n');
    const statePath = join(world.stampsDir, '..', 'state', 'applied');
    await writeFile(statePath, '');
    const { body } = await provision('eu-6');
    await agentAppears('eu-6');
    await world.jobIs(body.id, 'succeeded');
    const made = (await readFile(statePath, 'utf8')).trim().split('\n');
    expect(new Set(made).size).toBe(made.length);
  });

  describe('progress', () => {
    it('long poll: answers when a line comes, at once when there is one, and after "wait" when none does', async () => {
      await writeFile(join(world.stampsDir, 'eu-7.yaml'), 'name: eu-7\nregion: eu\nlabels: { behaviour: obedient }\n');
      const { body } = await provision('eu-7');
      let after = 0;
      const messages: string[] = [];
      while (!messages.some((m) => m.includes('started') && m.includes('database'))) {
        const page = JobEventsSchema.parse((await world.ask('GET', `/v1/jobs/${body.id}/events?after=${after}&wait=20`)).body);
        messages.push(...page.items.map((i) => i.message));
        after = page.items.at(-1)?.sequence ?? after;
      }
      const begun = Date.now();
      const idle = await world.ask<{ items: unknown[] }>('GET', `/v1/jobs/${body.id}/events?after=${after}&wait=1`);
      expect(idle.body.items).toEqual([]);
      expect(Date.now() - begun).toBeGreaterThan(900);
      const pending = world.ask<{ items: { message: string }[] }>('GET', `/v1/jobs/${body.id}/events?after=${after}&wait=20`);
      await world.ask('POST', `/v1/jobs/${body.id}/cancel`);
      expect((await pending).body.items[0]!.message).toMatch(/asked to cancel/);
      await world.jobIs(body.id, 'cancelled');
    });

    it('stream: every line once and in order, goes on at Last-Event-ID, ends with the job, then 204', async () => {
      const { body } = await provision('eu-6');
      const read = async (headers: Record<string, string>): Promise<{ status: number; ids: number[]; text: string }> => {
        const response = await fetch(`${world.url}/v1/jobs/${body.id}/events`, {
          headers: { authorization: 'Bearer test-admin-token-0123456789', accept: 'text/event-stream', ...headers },
        });
        const text = await response.text();
        return { status: response.status, text, ids: [...text.matchAll(/^id: (\d+)$/gm)].map((m) => Number(m[1])) };
      };
      const whole = await read({});
      const job = await world.jobIs(body.id, 'succeeded');
      expect(whole.ids).toEqual(Array.from({ length: job.lastEventSequence }, (_, i) => i + 1));
      expect(whole.text).toMatch(/event: job\ndata: .*"status":"succeeded"/);
      expect((await read({ 'last-event-id': '3' })).ids[0]).toBe(4);
      expect((await read({ 'last-event-id': String(job.lastEventSequence) })).status).toBe(204);
      expect((await read({ 'last-event-id': 'x' })).status).toBe(400);
    });

    it('jobs are listed newest first, in pages that neither repeat nor skip', async () => {
      const all: string[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const { body }: { body: { items: JobView[]; next: string | null } } = await world.ask(
          'GET',
          `/v1/jobs?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
        );
        all.push(...body.items.map((j) => j.id));
        cursor = body.next;
      }
      const rows = await world.query<{ id: string }>('SELECT id FROM job ORDER BY created_at DESC, id');
      expect(all).toEqual(rows.map((r) => r.id));
      const one = await world.ask<{ items: JobView[] }>('GET', '/v1/jobs?subject=eu-3&status=failed');
      expect(one.body.items.map((j) => [j.subject, j.status])).toEqual([['eu-3', 'failed']]);
      expect((await world.ask('GET', '/v1/jobs?cursor=rubbish')).status).toBe(400);
      expect((await world.ask('GET', `/v1/jobs/eu.${'0'.repeat(26)}`)).status).toBe(404);
    });
  });
});
