import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { JobView } from '@lapidary/contracts/api/jobs';
import { RetirePlanSchema } from '@lapidary/contracts/api/retirement';
import type { StampView } from '@lapidary/contracts/api/stamps';
import { waitFor } from '@lapidary/kernel/wait-for';
import pg from 'pg';
import { openProvisionWorld, type ProvisionWorld } from '../../test/provision-world.js';
import { sqlNameOf } from './leftovers.js';

describe('decommission (I9)', () => {
  let world: ProvisionWorld;
  /** Databases belong to the whole server, which other tests use too. */
  let number = 5_000 + Math.floor(Math.random() * 4_000);
  const nextName = (): string => `eu-${++number}`;

  beforeAll(async () => {
    world = await openProvisionWorld();
  });
  afterAll(async () => {
    await world.close();
  });

  const stampOf = async (name: string): Promise<StampView> => (await world.ask<StampView>('GET', `/v1/stamps/${name}`)).body;
  const retire = (name: string, body: Record<string, unknown> = {}) =>
    world.ask<JobView & { code?: string; details?: Record<string, unknown> }>('POST', `/v1/stamps/${name}/retire`, {
      confirm: name,
      ...body,
    });
  const createTenant = (id: string) => world.ask<{ placement: { stamp: string } | null }>('POST', '/v1/tenants', { id, region: 'eu' });
  const onServer = async (sql: string, database?: string): Promise<void> => {
    const url = new URL(world.databaseUrl);
    if (database !== undefined) url.pathname = `/${database}`;
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  /** Built, and serving. */
  const built = async (behaviour = 'good'): Promise<string> => {
    const name = nextName();
    await writeFile(join(world.stampsDir, `${name}.yaml`), `name: ${name}\nregion: eu\nlabels: { behaviour: good }\n`);
    const { body } = await world.ask<JobView>('POST', `/v1/stamps/${name}/provision`);
    await waitFor(
      'outputs',
      async () =>
        (await world.query(`SELECT 1 FROM stamp WHERE name = $1 AND agent_token_sha256 IS NOT NULL`, [name])).length > 0 ? true : undefined,
      { timeoutMs: 60_000 },
    );
    await world.registerAgent(name);
    await world.jobIs(body.id, 'succeeded');
    await world.query(`UPDATE stamp SET spec = jsonb_set(spec, '{labels,behaviour}', to_jsonb($2::text)) WHERE name = $1`, [
      name,
      behaviour,
    ]);
    return name;
  };
  /** So that a tenant has no other stamp to go to. */
  const cordonOthers = async (name: string): Promise<void> => {
    const { items } = (await world.ask<{ items: StampView[] }>('GET', '/v1/stamps?status=active')).body;
    for (const other of items) {
      if (other.name !== name) await world.ask('POST', `/v1/stamps/${other.name}/cordon`, { reason: 'only one may be chosen' });
    }
  };
  const eventsOfStamp = async (name: string): Promise<string[]> =>
    (await world.query<{ type: string }>(`SELECT type FROM outbox WHERE subject = $1 ORDER BY hlc`, [`stamp/${name}`])).map((e) => e.type);

  it('refuses while a tenant is there, with the list, and changes nothing; empty, it goes to the tombstone step by step', async () => {
    const name = await built();
    expect((await createTenant('acme')).body.placement?.stamp).toBe(name);
    const before = await stampOf(name);
    const refused = await retire(name);
    expect([refused.status, refused.body.code]).toEqual([409, 'stamp_not_empty']);
    expect(refused.body.details?.['remains']).toEqual([
      { kind: 'tenants', count: 1, examples: ['acme'], check: expect.stringContaining('stampctl tenants ls') as unknown },
      { kind: 'routes', count: 1, examples: ['tenant/acme'], check: expect.any(String) as unknown },
    ]);
    expect(await stampOf(name)).toEqual(before);
    const plan = RetirePlanSchema.parse((await world.ask('GET', `/v1/stamps/${name}/retirement`)).body);
    expect(plan.remains.map((r) => r.kind)).toEqual(['tenants', 'routes']);
    expect(plan.steps.map((s) => [s.name, s.noReturn])).toEqual(
      ['drain', 'snapshot', 'destroy', 'verify', 'bury'].map((step) => [step, step === 'destroy']),
    );

    await world.ask('DELETE', '/v1/tenants/acme');
    // No agent runs here that would confirm having let go.
    await world.query(`UPDATE directory_entry SET previous_stamp = NULL`);
    const { body, status } = await retire(name, { reason: 'too many' });
    expect(status).toBe(202);
    const job = await world.jobIs(body.id, 'succeeded');
    expect(job).toMatchObject({ kind: 'decommission', summary: '3 deleted', noReturnAt: expect.any(String) as unknown });
    expect(job.steps.map((s) => s.status)).toEqual(['succeeded', 'skipped', 'succeeded', 'succeeded', 'succeeded']);
    const told = JSON.parse(await readFile(join(world.directory, 'state', 'seen.json'), 'utf8')) as Record<string, unknown>;
    expect(told).toMatchObject({ operation: 'destroy', unprotect: true });

    expect(await stampOf(name)).toMatchObject({ status: 'retired', frontDoors: [], health: 'unknown', lastHeartbeatAt: null, tenants: 0 });
    expect(await eventsOfStamp(name)).toEqual(expect.arrayContaining(['lapidary.stamp.retiring.v1', 'lapidary.stamp.retired.v1']));
    const [route] = await world.query<{ body: { status: string; frontDoors: string[] } }>(
      `SELECT body FROM directory_entry WHERE key = $1`,
      [`stamp/${name}`],
    );
    expect(route?.body).toMatchObject({ status: 'retired', frontDoors: [] });
    // The name stays taken, and there is nothing left to retire.
    const again = await world.ask('POST', `/v1/stamps/${name}/provision`);
    expect([again.status, again.body['code']]).toEqual([409, 'name_taken']);
    expect((await retire(name)).body.code).toBe('illegal_transition');
  });

  it('needs the name once more, and a stamp that exists', async () => {
    const name = await built();
    expect((await retire(name, { confirm: 'eu-1' })).body.code).toBe('confirmation_needed');
    expect((await world.ask('POST', `/v1/stamps/${name}/retire`)).status).toBe(400);
    expect((await retire('eu-9999')).status).toBe(404);
    expect((await stampOf(name)).status).toBe('active');
  });

  it('keeps a final snapshot, does not believe a destroy that left something, and goes on once that is gone', async () => {
    const name = await built();
    const database = sqlNameOf(name);
    await onServer(`CREATE DATABASE ${database}`);
    try {
      await onServer('CREATE TABLE shop_order (id bigint PRIMARY KEY, note text)', database);
      await onServer(`INSERT INTO shop_order SELECT 9007199254740993 + i, 'n' || i FROM generate_series(1, 1200) i`, database);
      await writeFile(join(world.directory, 'processes', `${name}-agent.process.json`), '{}');
      const { body } = await retire(name);
      const failed = await world.jobIs(body.id, 'failed');
      expect(failed.error?.code).toBe('retire_incomplete');
      expect(failed.error?.message).toContain(`database ${database}, file ${name}-agent.process.json`);
      expect((await stampOf(name)).status).toBe('retiring');

      const [file] = (await readdir(join(world.directory, 'snapshots'))).filter((f) => f.startsWith(`${name}-`));
      if (file!.endsWith('.rows.gz')) {
        const lines = gunzipSync(await readFile(join(world.directory, 'snapshots', file!)))
          .toString()
          .trim()
          .split('\n');
        expect(JSON.parse(lines[0]!)).toMatchObject({ format: 'lapidary-rows-1', stamp: name, tables: [{ name: 'shop_order' }] });
        expect(lines).toHaveLength(1_201);
        // Beyond what a JavaScript number holds.
        expect(lines.at(-1)).toContain('"id": 9007199254742193');
      }
    } finally {
      await onServer(`DROP DATABASE ${database} WITH (FORCE)`);
    }
    await rm(join(world.directory, 'processes', `${name}-agent.process.json`));
    const open = (await world.ask<{ items: JobView[] }>('GET', `/v1/jobs?subject=${name}`)).body.items[0]!;
    await world.ask('POST', `/v1/jobs/${open.id}/retry`);
    await world.jobIs(open.id, 'succeeded');
    expect((await stampOf(name)).status).toBe('retired');
  });

  it('is cancelled without a trace before the point of no return: the stamp serves on and takes tenants', async () => {
    const name = await built();
    await cordonOthers(name);
    await world.query(`UPDATE stamp_observation SET held_count = 1 WHERE stamp = $1`, [name]);
    const { body } = await retire(name);
    expect((await stampOf(name)).status).toBe('retiring');
    expect((await createTenant('waiter')).body.placement).toBeNull();
    await waitFor(
      'the first step',
      async () => ((await world.ask<JobView>('GET', `/v1/jobs/${body.id}`)).body.status === 'running' ? true : undefined),
      {
        timeoutMs: 60_000,
      },
    );
    await world.ask('POST', `/v1/jobs/${body.id}/cancel`);
    await world.jobIs(body.id, 'cancelled');
    expect((await stampOf(name)).status).toBe('active');
    await waitFor(
      'who waited to be placed',
      async () =>
        (await world.ask<{ placement: { stamp: string } | null }>('GET', '/v1/tenants/waiter')).body.placement ? true : undefined,
      { timeoutMs: 60_000 },
    );
    // Retrying asks the same question as the beginning did.
    const retried = await world.ask('POST', `/v1/jobs/${body.id}/retry`);
    expect(retried.body['code']).toBe('stamp_not_empty');
    await world.ask('DELETE', '/v1/tenants/waiter');
  });

  it('begins anew where it is retried after the stamp served again: what was kept before that is old', async () => {
    const name = await built();
    const database = sqlNameOf(name);
    await onServer(`CREATE DATABASE ${database}`);
    await onServer('CREATE TABLE orders (id int)', database);
    await world.query(`UPDATE stamp_observation SET held_count = 1 WHERE stamp = $1`, [name]);
    const { body } = await retire(name);
    await waitFor('the first step', async () => (await world.ask<JobView>('GET', `/v1/jobs/${body.id}`)).body.startedAt ?? undefined, {
      timeoutMs: 60_000,
    });
    await world.ask('POST', `/v1/jobs/${body.id}/cancel`);
    await world.jobIs(body.id, 'cancelled');
    // As if the cancel had come in just when the snapshot had been made.
    await world.query(`UPDATE job_step SET status = 'succeeded' WHERE job = $1 AND name IN ('drain', 'snapshot')`, [body.id]);
    await onServer('INSERT INTO orders VALUES (1), (2), (3)', database);
    await world.query(`UPDATE stamp_observation SET held_count = 0 WHERE stamp = $1`, [name]);
    await world.ask('POST', `/v1/jobs/${body.id}/retry`);
    const left = await world.jobIs(body.id, 'failed');
    expect(left.error?.code).toBe('retire_incomplete'); // nobody drops the database here
    expect(left.steps.slice(0, 2).map((s) => [s.name, s.status, s.attempts])).toEqual([
      ['drain', 'succeeded', 1],
      ['snapshot', 'succeeded', 1],
    ]);
    expect(left.steps[1]?.message).toMatch(/\.(dump|rows\.gz)$/);
    await onServer(`DROP DATABASE ${database}`);
    await world.ask('POST', `/v1/jobs/${body.id}/retry`);
    await world.jobIs(body.id, 'succeeded');
  });

  it('past the point of no return it is not cancelled in good order; cut off by force it stays "retiring" and is finished by a retry', async () => {
    const name = await built('deaf');
    const { body } = await retire(name);
    await waitFor(
      'the destroy',
      async () => ((await world.eventsOf(body.id)).some((e) => e.message.startsWith('delete')) ? true : undefined),
      {
        timeoutMs: 60_000,
      },
    );
    const refused = await world.ask('POST', `/v1/jobs/${body.id}/cancel`);
    expect([refused.status, refused.body['code']]).toEqual([409, 'past_no_return']);
    await world.ask('POST', `/v1/jobs/${body.id}/cancel`, { force: true });
    await world.jobIs(body.id, 'cancelled');
    expect((await stampOf(name)).status).toBe('retiring');
    const rebuilt = await world.ask('POST', `/v1/stamps/${name}/provision`);
    expect([rebuilt.status, rebuilt.body['code']]).toEqual([409, 'illegal_transition']);
    await writeFile(join(world.directory, 'state', 'let-go'), '');
    await world.ask('POST', `/v1/jobs/${body.id}/retry`);
    await world.jobIs(body.id, 'succeeded');
    expect((await stampOf(name)).status).toBe('retired');
  });

  it('I8: a child that is killed while it destroys is followed by another one', async () => {
    const name = await built('crash-once');
    const { body } = await retire(name, { snapshot: false });
    const job = await world.jobIs(body.id, 'succeeded');
    expect(job.steps.find((s) => s.name === 'snapshot')).toMatchObject({ status: 'skipped', message: 'Not wanted' });
    expect((await stampOf(name)).status).toBe('retired');
  });

  it('I9: tenants that are created while it is asked for: either it is refused, or none is ever placed on it', async () => {
    const name = await built();
    await cordonOthers(name);
    const [asked, ...created] = await Promise.all([retire(name), ...Array.from({ length: 20 }, (_, i) => createTenant(`racer-${i}`))]);
    const placed = created.filter((c) => c.body.placement?.stamp === name).length;
    if (asked.status === 202) expect(placed).toBe(0);
    else {
      expect(asked.body.code).toBe('stamp_not_empty');
      expect(placed).toBeGreaterThan(0);
    }
  });
});
