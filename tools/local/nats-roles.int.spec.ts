import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import * as subjects from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freePort } from './free-port.js';
import { ManagedProcess } from './managed-process.js';
import { inboxPrefix } from '@lapidary/contracts/nats-roles';
import { prepareNats, type PreparedNats } from './nats-server.js';

const root = path.resolve(import.meta.dirname, '../..');
const region = 'eu';
const dir = mkdtempSync(path.join(tmpdir(), 'lapidary-nats-'));
let server: ManagedProcess;
let prepared: PreparedNats;
const links = new Map<string, NatsConnection>();
/** What the server refused, by user. */
const refused = new Map<string, string[]>();

const link = async (role: string): Promise<NatsConnection> => {
  const present = links.get(role);
  if (present) return present;
  const nc = await connect({
    servers: prepared.url,
    user: role,
    pass: prepared.passwords[role],
    inboxPrefix: inboxPrefix(role),
    timeout: 2000,
  });
  const errors: string[] = [];
  refused.set(role, errors);
  links.set(role, nc);
  void (async () => {
    for await (const status of nc.status()) if (status.type === 'error') errors.push(String(status.error));
  })();
  return nc;
};

/** Publishes as `role` and says whether the server let it pass. */
const mayPublish = async (role: string, subject: string): Promise<boolean> => {
  const [nc, control] = [await link(role), await link('control')];
  let arrived = false;
  const subscription = control.subscribe(subject, { callback: () => void (arrived = true) });
  await control.flush();
  nc.publish(subject, 'x');
  await nc.flush();
  await control.flush();
  subscription.unsubscribe();
  return arrived;
};

/** Subscribes as `role` and says whether a message of the control plane gets there. */
const maySubscribe = async (role: string, pattern: string, subject = pattern): Promise<boolean> => {
  const [nc, control] = [await link(role), await link('control')];
  let arrived = false;
  const subscription = nc.subscribe(pattern, { callback: (error) => void (arrived ||= error === null) });
  await nc.flush();
  control.publish(subject, 'x');
  await control.flush();
  await nc.flush();
  subscription.unsubscribe();
  return arrived;
};

beforeAll(async () => {
  prepared = await prepareNats({
    binDir: path.join(root, '.lapidary/bin'),
    dir,
    name: 'nats-roles-test',
    port: await freePort(),
    region: { name: region, others: ['us', 'ap'] },
  });
  server = new ManagedProcess(prepared.launch, { logFile: path.join(dir, 'log'), pidDir: path.join(dir, 'pids') });
  server.start();
  await waitFor('nats-server', () => server.snapshot.state === 'ready' || undefined, { timeoutMs: 60_000 });
  const manager = await jetstreamManager(await link('control'));
  await manager.streams.add({ name: subjects.directoryStream(region), subjects: [subjects.directoryAll(region)], allow_direct: true });
  await manager.streams.add({ name: subjects.geoStream(region), subjects: [subjects.geoEvents(region)] });
  for (const subject of [subjects.directoryEntry(region, 'tenant/acme'), subjects.geoEvents(region)])
    await jetstream(await link('control')).publish(subject, 'first');
});
afterAll(async () => {
  for (const nc of links.values()) await nc.close();
  await server?.stop(2000);
  rmSync(dir, { recursive: true, force: true });
});

/** What a region is asked by its peers. */
const asked = [subjects.geoBackfill, subjects.geoContents, subjects.geoAck, subjects.geoDigest, subjects.geoSketch, subjects.apiForward];

const readsFirst = async (role: string, stream: string): Promise<string> => {
  const consumer = await jetstream(await link(role), { timeout: 1000 }).consumers.get(stream);
  const message = await consumer.next({ expires: 1000 });
  return message?.string() ?? 'nothing';
};

describe('NATS users by role', () => {
  test('nobody connects without a password, or with a wrong one; the configuration is for its owner only', async () => {
    await expect(connect({ servers: prepared.url, reconnect: false })).rejects.toThrow(/authorization/i);
    await expect(connect({ servers: prepared.url, user: 'control', pass: 'guess', reconnect: false })).rejects.toThrow(/authorization/i);
    expect(statSync(path.join(dir, 'nats.conf')).mode & 0o077).toBe(0);
    expect(statSync(path.join(dir, 'control.password')).mode & 0o077).toBe(0);
  });

  test('an agent registers, beats, syncs and answers what is held, and nothing else', async () => {
    for (const subject of [subjects.agentRegister, subjects.agentHeartbeat, subjects.agentSync])
      expect(await mayPublish('agent', subject(region))).toBe(true);
    for (const subject of [
      subjects.directoryEntry(region, 'tenant/acme'),
      subjects.geoEvents(region),
      subjects.apiForward(region, 'us'),
      subjects.agentHold(region, 'eu-1'),
      subjects.agentFence(region, 'eu-1'),
      subjects.agentRegister('us'),
    ])
      expect(await mayPublish('agent', subject)).toBe(false);
    expect(await maySubscribe('agent', subjects.directoryAll(region), subjects.directoryEntry(region, 'tenant/acme'))).toBe(false);
    expect(await maySubscribe('agent', subjects.agentHeartbeat(region))).toBe(false);
    expect(await maySubscribe('agent', subjects.agentFence(region, 'eu-1'))).toBe(true);
    const agent = await link('agent');
    agent.subscribe(subjects.agentHold(region, 'eu-1'), { callback: (_, message) => void message.respond('held') });
    await agent.flush();
    expect((await (await link('control')).request(subjects.agentHold(region, 'eu-1'), 'x', { timeout: 2000 })).string()).toBe('held');
    expect(refused.get('agent')?.length).toBeGreaterThan(0);
  });

  test('a router reads the directory, asks for a snapshot and explains, but changes nothing', async () => {
    expect(await readsFirst('router', subjects.directoryStream(region))).toBe('first');
    expect(await mayPublish('router', subjects.directorySnapshot(region))).toBe(true);
    expect(await mayPublish('router', subjects.routerHeartbeat(region))).toBe(true);
    expect(await maySubscribe('router', subjects.directoryDigest(region))).toBe(true);
    for (const subject of [
      subjects.directoryEntry(region, 'tenant/acme'),
      subjects.directoryDigest(region),
      subjects.agentRegister(region),
      subjects.geoEvents(region),
    ])
      expect(await mayPublish('router', subject)).toBe(false);
    await expect(readsFirst('router', subjects.geoStream(region))).rejects.toThrow();
    const router = await link('router');
    for (const verb of ['DELETE', 'PURGE', 'UPDATE']) {
      await expect(router.request(`$JS.API.STREAM.${verb}.${subjects.directoryStream(region)}`, '{}', { timeout: 300 })).rejects.toThrow();
    }
    expect(await readsFirst('router', subjects.directoryStream(region))).toBe('first');
    router.subscribe(subjects.routerExplain(region), { callback: (_, message) => void message.respond('because') });
    await router.flush();
    expect((await (await link('control')).request(subjects.routerExplain(region), 'x', { timeout: 2000 })).string()).toBe('because');
  });

  test('a peer reads the events and asks in its own name, but sees nothing of the region itself', async () => {
    expect(await readsFirst('peer-us', subjects.geoStream(region))).toBe('first');
    for (const subject of asked) expect(await mayPublish('peer-us', subject(region, 'us'))).toBe(true);
    for (const subject of [subjects.directoryEntry(region, 'tenant/acme'), subjects.agentHold(region, 'eu-1'), subjects.liveEvents(region)])
      expect(await mayPublish('peer-us', subject)).toBe(false);
    await expect(readsFirst('peer-us', subjects.directoryStream(region))).rejects.toThrow();
    expect(await maySubscribe('peer-us', subjects.liveEvents(region))).toBe(false);
  });

  test('a peer can neither ask in the name of another nor tell events, of any origin (I3)', async () => {
    for (const subject of asked) {
      expect(await mayPublish('peer-us', subject(region, 'ap'))).toBe(false);
      expect(await mayPublish('peer-us', subject('ap', 'us'))).toBe(false);
    }
    for (const origin of [region, 'us', 'ap']) expect(await mayPublish('peer-us', subjects.geoEvents(origin))).toBe(false);
    const us = await link('peer-us');
    for (const verb of ['DELETE', 'PURGE', 'UPDATE'])
      await expect(us.request(`$JS.API.STREAM.${verb}.${subjects.geoStream(region)}`, '{}', { timeout: 300 })).rejects.toThrow();
    await expect(us.request(`$JS.API.STREAM.CREATE.FORGED`, '{"name":"FORGED","subjects":["x"]}', { timeout: 300 })).rejects.toThrow();
  });

  test('nobody but a region itself hears what it is answered (I3)', async () => {
    const [control, ap] = [await link('control'), await link('peer-ap')];
    const subject = subjects.geoContents(region, 'ap');
    control.subscribe(subject, { callback: (_, message) => void message.respond('contents of ap') });
    const heard: string[] = [];
    for (const user of ['peer-us', 'router', 'agent']) {
      const nc = await link(user);
      for (const pattern of ['>', '_INBOX.>', `${inboxPrefix('peer-ap')}.>`, '*.*', '*.*.*', subject])
        nc.subscribe(pattern, { callback: (error, message) => void (error === null && heard.push(`${user} ${message.subject}`)) });
      await nc.flush();
    }
    await control.flush();
    expect((await ap.request(subject, 'x', { timeout: 2000 })).string()).toBe('contents of ap');
    for (const user of ['peer-us', 'router', 'agent']) await (await link(user)).flush();
    expect(heard).toEqual([]);
    // The check can fail: the control plane, which may hear everything, does hear it.
    control.subscribe('>', { callback: (_, message) => void heard.push(message.subject) });
    await control.flush();
    await ap.request(subject, 'x', { timeout: 2000 });
    await control.flush();
    expect(heard.some((on) => on.startsWith(inboxPrefix('peer-ap')))).toBe(true);
  });

  test('streams and passwords survive kill -9 of the server', async () => {
    const { pid } = server.snapshot;
    process.kill(pid!, 'SIGKILL');
    await waitFor('the server to be back', () => (server.snapshot.state === 'ready' && server.snapshot.pid !== pid ? true : undefined), {
      timeoutMs: 60_000,
    });
    const router = await connect({
      servers: prepared.url,
      user: 'router',
      pass: prepared.passwords['router'],
      inboxPrefix: inboxPrefix('router'),
    });
    const consumer = await jetstream(router).consumers.get(subjects.directoryStream(region));
    expect((await consumer.next({ expires: 2000 }))?.string()).toBe('first');
    await router.close();
  });
});
