import { jest } from '@jest/globals';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProvisionerMessage, ProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import { exactlyOne, nothing } from '../testing/leftovers.js';
import { localScripts, natsPassword, openLocalWorld, type LocalWorld } from '../testing/local-world.js';
import { doneOf, runChild } from '../testing/provision-child.js';
import type { TinySupervisor } from '../testing/tiny-supervisor.js';
import { StateLock } from './state-lock.js';

/** Some dozens of children, each a second or two of importing; on a busy machine several. */
jest.setTimeout(600_000);

const all = ['agent', 'agent-token', 'database', 'database-password', 'front-door', 'storefront', 'workload'];

let world: LocalWorld;
let home: string;
let region: string;
let supervisor: TinySupervisor;

const runOf: LocalWorld['runOf'] = (...args) => world.runOf(...args);
const leftovers = () => world.leftovers();
const sql: LocalWorld['sql'] = (...args) => world.sql(...args);

const outputsOf = (message: ProvisionerMessage | undefined) => {
  if (message?.type !== 'result' || message.outputs === null) throw new Error(`no result with outputs but ${JSON.stringify(message)}`);
  return message.outputs;
};

beforeAll(async () => {
  world = await openLocalWorld();
  ({ home, region, supervisor } = world);
});
afterAll(() => world.close());

test('a local stamp: up, no changes, a change that touches only what it must, drift, repair, destroy', async () => {
  const stamp = `${region}-1`;
  const first = await runChild(runOf('up', stamp));
  expect(doneOf(first).toSorted()).toEqual(all.map((name) => `create ${stamp}-${name}`));
  const outputs = outputsOf(first.last);
  expect(await leftovers()).toEqual(exactlyOne(stamp));

  // The front door answers, and the processes got what they need.
  const agentEnv = (await (await fetch(`${outputs.frontDoors[0]}/_lapidary/healthz`)).json()) as Record<string, string>;
  expect(agentEnv).toMatchObject({ LAPIDARY_STAMP: stamp, LAPIDARY_REGION: region, LAPIDARY_NATS_PASSWORD: natsPassword });
  const shopEnv = (await (await fetch(agentEnv['LAPIDARY_WORKLOAD_URL']!)).json()) as Record<string, string>;
  expect(shopEnv['LAPIDARY_WORKLOAD_VERSION']).toBe('1');
  const databaseUrl = shopEnv['LAPIDARY_DATABASE_URL']!;
  const [me] = await sql<{ me: string; super: boolean }>(
    'SELECT current_user AS me, usesuper AS super FROM pg_user WHERE usename = current_user',
    databaseUrl,
  );
  expect(me).toEqual({ me: `stamp_${stamp.replace('-', '_')}`, super: false });
  await sql('CREATE TABLE kept (id int)', databaseUrl);

  // No secret in the state, in messages, or in what others may read.
  const password = new URL(databaseUrl).password;
  const hidden = [password, agentEnv['LAPIDARY_AGENT_TOKEN']!, natsPassword, world.adminUrl];
  const stateText = await readFile(join(home, 'state', `${stamp}.stack.json`), 'utf8');
  for (const text of hidden) for (const place of [stateText, JSON.stringify(first.messages)]) expect(place).not.toContain(text);
  expect((await stat(join(home, 'processes', `${stamp}-agent.process.json`))).mode & 0o777).toBe(0o600);

  const again = await runChild(runOf('up', stamp));
  expect(again.last).toMatchObject({ type: 'result', changes: { same: all.length }, engine: 'embedded' });
  expect(outputsOf(again.last)).toEqual(outputs);
  expect(supervisor.starts).toHaveLength(2);

  const preview = await runChild(runOf('preview', stamp, { workload: { version: '2' } }));
  expect(preview.last).toMatchObject({ type: 'result', changes: { same: all.length - 1, update: 1 }, outputs: null });
  const changed = await runChild(runOf('up', stamp, { workload: { version: '2' } }));
  expect(doneOf(changed)).toEqual([`update ${stamp}-storefront`]);
  expect(changed.messages).toContainEqual(
    expect.objectContaining({ type: 'resource', op: 'update', changed: ['env.LAPIDARY_WORKLOAD_VERSION'] }),
  );
  expect(outputsOf(changed.last).graphDigest).not.toBe(outputs.graphDigest);

  // Somebody edits a process spec and takes a port reservation away.
  const specFile = join(home, 'processes', `${stamp}-storefront.process.json`);
  await writeFile(
    specFile,
    (await readFile(specFile, 'utf8')).replace('"LAPIDARY_WORKLOAD_VERSION": "2"', '"LAPIDARY_WORKLOAD_VERSION": "666"'),
  );
  const drift = await runChild(runOf('refresh', stamp, { workload: { version: '2' } }));
  expect(drift.messages).toContainEqual(
    expect.objectContaining({ type: 'resource', op: 'update', name: `${stamp}-storefront`, status: 'done' }),
  );
  const repaired = await runChild(runOf('up', stamp, { workload: { version: '2' } }));
  expect(doneOf(repaired)).toEqual([`update ${stamp}-storefront`]);
  expect(await readFile(specFile, 'utf8')).toContain('"LAPIDARY_WORKLOAD_VERSION": "2"');
  expect(await sql('SELECT * FROM kept', databaseUrl)).toEqual([]);

  const destroyed = await runChild(runOf('destroy', stamp));
  expect(destroyed.last).toMatchObject({ type: 'result', changes: { delete: all.length } });
  expect(await leftovers()).toEqual(nothing);
  expect((await runChild(runOf('destroy', stamp))).last).toMatchObject({ type: 'result', changes: {} });
});

/** Kills the child at the first message about work, which is then further on with each run, until a run needs no more. */
const killUntilDone = async (run: ProvisionRun): Promise<{ kills: number; last: ProvisionerMessage | undefined }> => {
  const killedAt = new Set<string>();
  for (;;) {
    const result = await runChild(run, (message, child) => {
      if (message.type !== 'resource' || message.op === 'same') return;
      const moment = `${message.op} ${message.name} ${message.status}`;
      if (killedAt.has(moment)) return;
      killedAt.add(moment);
      child.kill('SIGKILL');
    });
    if (result.signal === null) return { kills: killedAt.size, last: result.last };
  }
};

test('a child that is killed at every resource in turn, on the way up and down, loses and doubles nothing (I8)', async () => {
  const stamp = `${region}-2`;
  const up = await killUntilDone(runOf('up', stamp));
  // Each resource is met at least once before it is made, or after.
  expect(up.kills).toBeGreaterThanOrEqual(all.length);
  expect(await leftovers()).toEqual(exactlyOne(stamp));
  const settled = await runChild(runOf('up', stamp));
  expect(settled.last).toMatchObject({ type: 'result', changes: { same: all.length } });
  expect(outputsOf(settled.last)).toEqual(outputsOf(up.last));
  expect((await fetch(outputsOf(up.last).frontDoors[0]!)).status).toBe(200);

  const down = await killUntilDone(runOf('destroy', stamp));
  expect(down.kills).toBeGreaterThanOrEqual(all.length);
  expect(await leftovers()).toEqual(nothing);
});

test('cancel and a lost parent both stop after the resource under way, saved; a second child is refused as locked', async () => {
  const stamp = `${region}-3`;
  const cancelled = await runChild(runOf('up', stamp), (message, child) => {
    if (message.type !== 'resource' || message.name !== `${stamp}-storefront` || message.status !== 'started') return;
    child.send({ type: 'cancel' });
  });
  expect(cancelled.last).toMatchObject({ type: 'failure', code: 'cancelled', retry: true });
  expect(doneOf(cancelled)).toContain(`create ${stamp}-storefront`);
  expect(doneOf(cancelled)).not.toContain(`create ${stamp}-agent`);
  const held = await StateLock.acquire(join(home, 'state', 'locks'), stamp);
  expect((await runChild(runOf('up', stamp))).last).toMatchObject({ type: 'failure', code: 'locked', retry: true });
  await held.release();
  expect(doneOf(await runChild(runOf('up', stamp)))).toEqual([`create ${stamp}-agent`]);

  const orphaned = await runChild(runOf('destroy', stamp), (message, child) => {
    if (message.type === 'resource' && message.status === 'started' && child.connected) child.disconnect();
  });
  expect(orphaned.signal).toBeNull();
  await runChild(runOf('destroy', stamp));
  expect(await leftovers()).toEqual(nothing);
});

test('what fails says which resource, why, and nothing secret; and is made good by running again', async () => {
  const stamp = `${region}-4`;
  const script = join(home, 'root', localScripts[1]);
  const text = await readFile(script, 'utf8');
  await rm(script);
  const failed = await runChild(runOf('up', stamp));
  expect(failed.last).toMatchObject({ type: 'failure', code: 'resource_failed', retry: true });
  expect((failed.last as { message: string }).message).toContain(`lapidary:local:Process "${stamp}-agent": there is no ${localScripts[1]}`);
  await writeFile(script, text);
  expect(doneOf(await runChild(runOf('up', stamp)))).toEqual([`create ${stamp}-agent`]);

  // A database server that is away: the admin URL with its password must not be quoted.
  const away = runOf('refresh', stamp);
  const unreachable = await runChild({
    ...away,
    local: { ...away.local!, postgresAdminUrl: 'postgres://boss:topsecretword@127.0.0.1:1/postgres' },
  });
  expect(unreachable.last).toMatchObject({ type: 'failure', code: 'resource_failed', retry: true });
  expect(JSON.stringify(unreachable.messages)).not.toContain('topsecretword');

  await writeFile(join(home, 'passphrase'), 'another');
  expect((await runChild(runOf('up', stamp))).last).toMatchObject({ type: 'failure', code: 'state_unusable', retry: false });
  await writeFile(join(home, 'passphrase'), 'a passphrase for tests');
  await runChild(runOf('destroy', stamp));
  expect(await leftovers()).toEqual(nothing);
});

test('a database of the same name that belongs to somebody else is neither adopted nor dropped', async () => {
  const stamp = `${region}-5`;
  const name = `stamp_${stamp.replace('-', '_')}`;
  await sql(`CREATE DATABASE ${name}`);
  const refused = await runChild(runOf('up', stamp));
  expect(refused.last).toMatchObject({ type: 'failure', code: 'resource_failed' });
  expect((refused.last as { message: string }).message).toContain('exists already and belongs to');
  expect((await runChild(runOf('destroy', stamp))).last).toMatchObject({ type: 'failure', code: 'resource_failed' });
  expect((await leftovers()).databases).toEqual([name]);
  await sql(`DROP DATABASE ${name}`);
  await runChild(runOf('destroy', stamp));
  expect(await leftovers()).toEqual(nothing);
});

test('rubbish and the real CLI where there is none are refused clearly', async () => {
  const rubbish = await runChild({ operation: 'explode' } as unknown as ProvisionRun);
  expect(rubbish.last).toMatchObject({ type: 'failure', code: 'program_failed', retry: false });
  const full = await runChild({ ...runOf('up', 'eu-999', { driver: 'aws' }), local: null });
  expect(full.last).toMatchObject({ type: 'failure', code: 'program_failed', retry: false });
  expect((full.last as { message: string }).message).toMatch(/room for \d+ stamps per region/);
  const local = await runChild({ ...runOf('up', `${region}-6`), engine: 'pulumi' });
  expect(local.last).toMatchObject({ type: 'failure', code: 'engine_unavailable' });
  // Also those of the children that were killed above.
  expect(await readdir(join(home, 'state', 'runs'))).toEqual([]);
});
