import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import type { RunFile } from '@lapidary/contracts/run-file';
import { identify } from '@lapidary/kernel/process-identity';
import { emptyFolder, run } from './test/run-stampctl.js';

const at = '2026-01-01T00:00:00.000Z';
const acme: TenantView = {
  id: 'acme',
  region: 'eu',
  status: 'placed',
  statusReason: null,
  weight: 1,
  residency: [],
  tier: 'pooled',
  labels: {},
  hosts: [],
  placement: { stamp: 'eu-1', epoch: 1, units: 1, decidedAt: at, servingAt: at },
  version: 1,
  createdAt: at,
  updatedAt: at,
};

const servers: Server[] = [];
const children: ChildProcess[] = [];
const serve = async (answer: RequestListener): Promise<number> => {
  const server = createServer(answer);
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
};
/** A process that does nothing until it is killed. */
const sleeper = async (): Promise<number> => {
  const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => undefined, 1000)'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  await once(child.stdout!, 'data');
  return child.pid!;
};
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A fleet of one region whose control plane is another process by now than its run file says. */
const folderOfFleet = async (innocent: number): Promise<string> => {
  const api = await serve((request, response) => {
    const isList = request.url?.startsWith('/v1/tenants') === true;
    response.setHeader('content-type', 'application/json').end(isList ? JSON.stringify({ items: [acme], next: null }) : '{}');
  });
  const router = await serve((_, response) => void response.end('ok'));
  const nobody = 'postgres://127.0.0.1:1/postgres';
  const eu = { api: `http://127.0.0.1:${api}`, router: `http://127.0.0.1:${router}`, routerAdmin: 'http://127.0.0.1:1' };
  const file: RunFile = {
    ready: true,
    supervisorPid: await sleeper(),
    startedAt: at,
    console: eu.api,
    tokenFile: 'token',
    regions: { eu: { ...eu, nats: 'nats://127.0.0.1:1', postgres: nobody } },
    processes: [
      { name: 'postgres-eu', ...identify(await sleeper()) },
      // Its number is somebody else's by now.
      { name: 'nats-eu', pid: innocent, startTicks: 1 },
    ],
  };
  const folder = emptyFolder();
  await mkdir(join(folder, '.lapidary'));
  await writeFile(join(folder, '.lapidary', 'run.json'), JSON.stringify(file));
  return folder;
};

it('a drill in which something that decides is alive has shown nothing: it fails, and its report says what that was', async () => {
  const innocent = await sleeper();
  const cwd = await folderOfFleet(innocent);
  const args = ['drill', 'control-plane-down', '--for', '1s', '--yes', '-o', 'json'];
  const { exit, out, err } = await run([...args, '--token', 'x'], { cwd });
  expect([exit, err]).toEqual([1, expect.stringContaining('Report: ')]);
  const report = JSON.parse(out) as { passed: boolean; alive: string[]; killed: { name: string }[]; counts: { errors: number }[] };
  expect(report).toMatchObject({ passed: false, alive: ['control-plane-eu'], killed: [{ name: 'postgres-eu' }] });
  expect(() => process.kill(innocent, 0)).not.toThrow();
  // No request had failed.
  expect(report.counts.every(({ errors }) => errors === 0)).toBe(true);
  const text = await readFile(/Report: (.*)$/m.exec(err)![1]!, 'utf8');
  expect(text).toContain('Failed: not everything that decides was dead, so that this shows nothing.');
  expect(text).toContain('Alive all the same: control-plane-eu.');
});
