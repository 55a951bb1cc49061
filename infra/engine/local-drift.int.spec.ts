import { jest } from '@jest/globals';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { processStatusFile } from '@lapidary/contracts/process-spec';
import type { DriftedResource } from '@lapidary/contracts/provisioner-protocol';
import { waitFor } from '@lapidary/kernel/wait-for';
import { nothing } from '../testing/leftovers.js';
import { openLocalWorld, type LocalWorld } from '../testing/local-world.js';
import { runChild } from '../testing/provision-child.js';

/** Some ten children, each a second or two of importing; on a busy machine several. */
jest.setTimeout(300_000);

let world: LocalWorld;
beforeAll(async () => {
  world = await openLocalWorld();
});
afterAll(() => world.close());

test('what changes behind the engine’s back is found with path, expected and observed value; and an untouched stamp has nothing', async () => {
  const stamp = `${world.region}-1`;
  const role = `stamp_${stamp.replace('-', '_')}`;
  await runChild(world.runOf('up', stamp));
  // In a process of its own: the engine's SDK keeps state per process, and other tests have been in this one.
  const look = async (): Promise<readonly DriftedResource[]> => {
    const { last } = await runChild(world.runOf('drift', stamp));
    if (last?.type !== 'result') throw new Error(`no result but ${JSON.stringify(last)}`);
    return last.drifted;
  };
  const found = async (): Promise<Record<string, unknown[]>> =>
    Object.fromEntries((await look()).map((d) => [`${d.name.slice(stamp.length + 1)} ${d.path}`, [d.expected, d.observed]]));
  expect(await found()).toEqual({});

  // Rights of the role and the database.
  await world.sql(`ALTER ROLE ${role} SUPERUSER CREATEDB CONNECTION LIMIT 7 PASSWORD 'somebody else knows it'`);
  await world.sql(`ALTER ROLE ${role} SET work_mem = '1GB'`);
  await world.sql(`GRANT CONNECT ON DATABASE ${role} TO PUBLIC`);
  await world.sql(`GRANT pg_read_all_data TO ${role}`);
  expect(await found()).toEqual({
    'database connectionLimit': [expect.any(Number), 7],
    'database rights.superuser': [false, true],
    'database rights.createDatabase': [false, true],
    'database rights.password': ['the one that it was given', 'another one'],
    'database rights.settings.0': [null, 'work_mem=1GB'],
    'database rights.publicAccess': [false, true],
    'database rights.memberOf.0': [null, 'pg_read_all_data'],
  });
  await world.sql(`REVOKE pg_read_all_data FROM ${role}`);
  await world.sql(`REVOKE ALL ON DATABASE ${role} FROM PUBLIC`);
  await world.sql(`ALTER ROLE ${role} RESET ALL`);
  const [limit] = (await found())['database connectionLimit'] ?? [];
  await world.sql(`ALTER ROLE ${role} NOSUPERUSER NOCREATEDB CONNECTION LIMIT ${Number(limit)}`);
  expect(Object.keys(await found())).toEqual(['database rights.password']);

  // An environment that holds secrets: each variable by its own path, secret ones without their values.
  const specFile = join(world.home, 'processes', `${stamp}-agent.process.json`);
  const spec = JSON.parse(await readFile(specFile, 'utf8')) as { env: Record<string, string> };
  const env = { ...spec.env, LAPIDARY_REGION: 'elsewhere', LAPIDARY_AGENT_TOKEN: 'stolen-token', ADDED_BY_HAND: 'maybe-secret' };
  await writeFile(specFile, JSON.stringify({ ...spec, env }));
  await chmod(specFile, 0o644);
  const edited = await found();
  expect(edited).toMatchObject({
    'agent env.LAPIDARY_REGION': [world.region, 'elsewhere'],
    'agent env.LAPIDARY_AGENT_TOKEN': ['[secret]', '[secret]'],
    'agent env.ADDED_BY_HAND': [null, '[secret]'],
    'agent specFileMode': ['0600', '0644'],
  });
  expect(JSON.stringify(edited)).not.toMatch(/stolen-token|maybe-secret/);

  // A process of somebody else on the port of the front door.
  const port = Number(spec.env['LAPIDARY_HTTP_PORT']);
  await rm(specFile);
  // The supervisor takes the status away when the process has ended, and its port with it.
  const statusFile = join(world.home, 'processes', processStatusFile(`${stamp}-agent`));
  await waitFor('the agent to be gone', async () => (existsSync(statusFile) ? undefined : true), {
    timeoutMs: 60_000,
  });
  const foreign = createServer().listen(port, '127.0.0.1');
  await once(foreign, 'listening');
  expect(await found()).toMatchObject({
    'front-door listener': ['a process of this fleet, or nobody', expect.stringContaining(`process ${process.pid} `)],
    'agent ': [`${stamp}-agent`, null],
  });
  foreign.close();
  await once(foreign, 'close');
  await runChild(world.runOf('destroy', stamp));
  expect(await world.leftovers()).toEqual(nothing);
});
