import { connect, wsconnect, type NatsConnection } from '@nats-io/transport-node';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { natsUsersOf, passwordVariable, userName } from '@lapidary/contracts/nats-roles';
import { waitFor } from '@lapidary/kernel/wait-for';
import { hubConfig } from '../../region/region-messaging.js';
import { regionPorts } from '../../region/region-groups.js';
import { findNatsServer } from '../../../tools/local/nats-binary.js';
import { leafConfig } from './messaging.js';
import { natsConfigOf, natsMonitorPort } from './nats.js';
import { regionOwner, stampOwner } from './stack-owner.js';
import { specOf } from '../../testing/specs.js';

/** The very configurations that containers get, on a real nats-server: only addresses and directories are this machine's. */
let home: string;
const running: ChildProcess[] = [];
const open: NatsConnection[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'lapidary-nats-config-'));
});
afterAll(async () => {
  await Promise.all(open.map(async (nc) => nc.close()));
  for (const child of running) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  await rm(home, { recursive: true });
});

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
};

const start = async (name: string, config: string, variables: Readonly<Record<string, string>>) => {
  const at = { client: await freePort(), webSocket: await freePort(), monitor: await freePort(), leaf: await freePort() };
  const text = config
    .replace(`0.0.0.0:${regionPorts.nats}`, `127.0.0.1:${at.client}`)
    .replace(`0.0.0.0:${natsMonitorPort}`, `127.0.0.1:${at.monitor}`)
    .replace(`0.0.0.0:${regionPorts.leafWebSocket}`, `127.0.0.1:${at.webSocket}`)
    .replace('127.0.0.1:7422', `127.0.0.1:${at.leaf}`)
    .replace('"/data"', JSON.stringify(join(home, name)));
  const file = join(home, `${name}.conf`);
  await writeFile(file, text);
  const binary = await findNatsServer(join(process.cwd(), '.lapidary/bin'));
  const child = spawn(binary, ['-c', file], { env: variables, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  running.push(child);
  await waitFor(
    `${name} to be healthy`,
    async () => {
      if (child.exitCode !== null) throw new Error(log);
      return (await fetch(`http://127.0.0.1:${at.monitor}/healthz`).catch(() => undefined))?.ok || undefined;
    },
    { timeoutMs: 60_000, intervalMs: 20 },
  );
  return at;
};

/** A digit and an "e" in front: what nats-server takes for a number where it may. */
const passwordOf = (role: string): string => `s12e4${role}`;

test('the region’s NATS takes every user over WebSockets, and stamps’ leaf nodes hear of each other only what is regional', async () => {
  const users = natsUsersOf('eu', ['us', 'ap']);
  const secrets = {
    ...Object.fromEntries(users.map((user) => [passwordVariable(user), passwordOf(userName(user))])),
    NATS_LEAF_PASSWORD: passwordOf('leaf'),
  };
  const hub = await start('hub', natsConfigOf(hubConfig('eu', ['us', 'ap'], 1), regionOwner('eu'), 'nats-1', ['nats-1']), secrets);
  const control = await wsconnect({ servers: `ws://127.0.0.1:${hub.webSocket}`, user: 'control', pass: passwordOf('control') });
  open.push(control);
  for (const name of users.map(userName)) {
    const nc = await wsconnect({ servers: `ws://127.0.0.1:${hub.webSocket}`, user: name, pass: passwordOf(name) });
    open.push(nc);
  }
  await expect(wsconnect({ servers: `ws://127.0.0.1:${hub.webSocket}`, user: 'agent', pass: 'guessed' })).rejects.toThrow(
    /[Aa]uthorization/,
  );

  const workload = async (name: string): Promise<NatsConnection> => {
    const owner = stampOwner(specOf({ name }));
    const at = await start(name, natsConfigOf(leafConfig(name, 1), owner, 'nats-1', ['nats-1']), {
      NATS_PASSWORD: passwordOf('workload'),
      NATS_HUB_URL: `ws://leaf:${passwordOf('leaf')}@127.0.0.1:${hub.webSocket}`,
    });
    const nc = await connect({ servers: `127.0.0.1:${at.client}`, user: 'workload', pass: passwordOf('workload') });
    open.push(nc);
    return nc;
  };
  const [first, second] = [await workload('eu-1'), await workload('eu-2')];
  const heard: string[] = [];
  for (const [where, nc] of [
    ['eu-2', second],
    ['control', control],
  ] as const)
    nc.subscribe('>', { callback: (_, msg) => void (/^(regional|private)\./.test(msg.subject) && heard.push(`${where} ${msg.subject}`)) });
  await Promise.all([second.flush(), control.flush()]);
  // Interest travels through the hub in its own time: what arrives late arrives after all that was sent before it.
  await waitFor(
    'what is regional to come over',
    async () => {
      first.publish('private.order');
      first.publish('regional.order');
      await first.flush();
      return heard.length > 0 || undefined;
    },
    { timeoutMs: 60_000, intervalMs: 50 },
  );
  await second.flush();
  expect(new Set(heard)).toEqual(new Set(['eu-2 regional.order']));
});
