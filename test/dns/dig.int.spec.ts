import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { isLive, knows, RouterWorld, type RunningRouter } from '../../apps/router/src/router-world.fixture.js';
import { ensurePeer, type Peer } from '../../tools/peers/ensure-peer.js';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
/** The first run fetches a package. */
const fetchMs = 240_000;

const settings = {
  LAPIDARY_DNS_PORT: 0,
  LAPIDARY_DNS_ADDRESSES: '192.0.2.1,2001:db8::1',
  LAPIDARY_PUBLIC_DOOR: 'https://{stamp}.doors.example.net',
  LAPIDARY_DNS_TTL_MAX_SECONDS: 60,
};

let dig: Peer;
let world: RouterWorld;
let router: RunningRouter;

beforeAll(async () => {
  dig = await ensurePeer('dig', root);
}, fetchMs);
beforeEach(async () => {
  world = await RouterWorld.begin();
  await world.region.commit(world.stamp());
  await world.region.commit(world.stamp({ stamp: `${world.name}-2` as never }));
  router = await world.start(undefined, undefined, settings);
  await isLive(router);
});
afterEach(() => world.end());

const ask = async (...args: string[]): Promise<string> => {
  const { stdout } = await run(dig.file, [`-p${router.dnsPort}`, '@127.0.0.1', '+tries=1', '+time=5', ...args], {
    env: { ...process.env, ...dig.env },
  });
  return stdout;
};

const record = (text: string): { ttl: number; type: string; data: string } => {
  const [, ttl, , type, data] = /^[^;\s]\S*\s+(\d+)\s+(IN)\s+(\S+)\s+(.*)$/m.exec(text.slice(text.indexOf('ANSWER SECTION'))) ?? [];
  return { ttl: Number(ttl), type: type ?? '', data: data ?? '' };
};

describe('dig, asking a router', () => {
  it('learns the stamp’s door, and after a move the new one: at once, with the least time to keep it', async () => {
    const placedLongAgo = world.tenant('acme');
    const entry = await world.region.commit(placedLongAgo, { publish: false });
    await world.region.publish({ ...entry, committedAtMs: Date.now() - 3_600_000 });
    await knows(router, 'acme');
    const before = await ask('acme.lapidary.localhost');
    expect(before).toMatch(/status: NOERROR/);
    expect(before).toMatch(/flags: qr aa rd;/);
    expect(before).toMatch(/WARNING: recursion requested but not available/);
    expect(record(before)).toEqual({ ttl: 60, type: 'CNAME', data: `${world.name}-1.doors.example.net.` });
    await world.region.commit(world.tenant('acme', { stamp: `${world.name}-2` as never, epoch: 2 }));
    await knows(router, 'acme', 2);
    expect(record(await ask('acme.lapidary.localhost'))).toEqual({ ttl: 5, type: 'CNAME', data: `${world.name}-2.doors.example.net.` });
  });

  it('over TCP learns the same', async () => {
    await world.region.commit(world.tenant('acme'));
    await knows(router, 'acme');
    expect(await ask('+tcp', '+short', 'acme.lapidary.localhost')).toBe(`${world.name}-1.doors.example.net.\n`);
  });

  it('is told what there is not: NXDOMAIN, NODATA, REFUSED, each for what it means', async () => {
    await world.region.commit(world.tenant('acme', { hosts: ['shop.example.com'] }));
    await knows(router, 'acme');
    expect(await ask('nobody.lapidary.localhost')).toMatch(/status: NXDOMAIN[^]*AUTHORITY: 1[^]*lapidary\.localhost\.\s+5\s+IN\s+SOA/);
    expect(await ask('lapidary.localhost', 'MX')).toMatch(/status: NOERROR[^]*ANSWER: 0, AUTHORITY: 1/);
    expect(await ask('lapidary.localhost', 'HTTPS')).toMatch(/status: NOERROR[^]*ANSWER: 0/);
    expect(await ask('www.example.org')).toMatch(/status: REFUSED[^]*ANSWER: 0, AUTHORITY: 0/);
    expect(await ask('-c', 'CH', 'version.bind', 'TXT')).toMatch(/status: REFUSED/);
    expect(await ask('+short', 'shop.example.com')).toBe('192.0.2.1\n');
    expect(await ask('+short', 'shop.example.com', 'AAAA')).toBe('2001:db8::1\n');
    expect(await ask('+short', 'lapidary.localhost', 'NS')).toBe('a.ns.lapidary.localhost.\n');
    expect(await ask('+short', 'lapidary.localhost', 'ANY', '+notcp')).toBe('"RFC8482" ""\n');
  });

  it('goes on over TCP by itself where an answer is cut, and takes EDNS', async () => {
    const many = Array.from({ length: 70 }, (_, i) => `192.0.2.${i + 1}`);
    const wide = await world.start(undefined, 'wide.json', { ...settings, LAPIDARY_DNS_ADDRESSES: many.join(',') });
    await isLive(wide);
    router = wide;
    const text = await ask('+short', 'lapidary.localhost');
    expect(text.trim().split('\n')).toHaveLength(70);
    expect(await ask('+ignore', 'lapidary.localhost')).toMatch(/flags: qr aa tc rd;[^]*ANSWER: 0[^]*EDNS: version: 0, flags:; udp: 1232/);
    expect(await ask('+edns=1', '+noednsneg', 'lapidary.localhost')).toMatch(/status: BADVERS/);
  });

  it('is answered from the copy on disk with NATS gone, with the least time to keep it (I7)', async () => {
    await world.region.commit(world.tenant('acme'));
    await knows(router, 'acme');
    await world.stop(router);
    world.link.cut();
    router = await world.start(undefined, undefined, settings);
    expect(record(await ask('acme.lapidary.localhost'))).toEqual({ ttl: 5, type: 'CNAME', data: `${world.name}-1.doors.example.net.` });
  });
});
