import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { epochHeader, tenantHeader } from '@lapidary/contracts/workload';

/** The program of docs/reference/workload-contract.md, as a newcomer would start it. */
const root = resolve(import.meta.dirname, '../../..');
const program = /```js\n([\s\S]*?)```/.exec(readFileSync(resolve(root, 'docs/reference/workload-contract.md'), 'utf8'))![1]!;

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
};

let child: ChildProcess;
let url: string;
const ask = (path: string, headers: Record<string, string> = {}): Promise<Response> => fetch(`${url}${path}`, { headers });

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const env = {
    ...process.env,
    NODE_OPTIONS: '',
    LAPIDARY_HTTP_PORT: String(port),
    LAPIDARY_HTTP_HOST: '127.0.0.1',
    LAPIDARY_WORKLOAD_VERSION: '1.2.3',
  };
  child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
  while (child.exitCode === null && !(await ask('/healthz').catch(() => null))) await sleep(20);
});
afterAll(() => void child.kill('SIGKILL'));

test('answers health with its version, and a request by the tenant that the agent names', async () => {
  expect(await (await ask('/healthz')).json()).toEqual({ version: '1.2.3' });
  const answer = await ask('/orders', { [tenantHeader]: 'acme', [epochHeader]: '4' });
  expect([answer.status, await answer.text()]).toEqual([200, 'the orders of acme\n']);
  expect(await (await ask('/healthz', { [tenantHeader]: 'acme' })).text()).toBe('the orders of acme\n');
});

test('refuses what did not come through the agent, and takes a head as large as the agent’s', async () => {
  for (const headers of [{}, { [tenantHeader]: 'acme, bolt' }, { [tenantHeader]: 'Not a label' }]) {
    const answer = await ask('/orders', headers as Record<string, string>);
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([421, 'misdirected']);
  }
  expect((await ask('/orders', { [tenantHeader]: 'acme', cookie: 'x'.repeat(23 * 1024) })).status).toBe(200);
});

test('keeps idle connections for longer than the agent does, and ends by SIGTERM', async () => {
  const answer = await ask('/orders', { [tenantHeader]: 'acme', connection: 'keep-alive' });
  await answer.text();
  expect(Number(/timeout=(\d+)/.exec(answer.headers.get('keep-alive') ?? '')?.[1])).toBeGreaterThanOrEqual(65);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
