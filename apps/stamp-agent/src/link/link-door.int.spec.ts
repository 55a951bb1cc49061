import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { headerCountMax } from '@lapidary/stamp-sdk/forward/request-check';
import { askOn, openLink, type Answer, type OpenLink } from '@lapidary/stamp-sdk/link/link-echo.fixture';
import type { Agent } from '../agent.js';
import {
  controlPlane,
  get,
  passport,
  portOf,
  restartWorkload,
  soon,
  startRegistered,
  stop,
  useWorld,
  workload,
} from '../agent-world.fixture.js';
import { temporaryDirectory } from '../agent.fixture.js';

useWorld();

const links: OpenLink[] = [];
afterEach(() => {
  for (const { link } of links.splice(0)) link.close();
});
const linkTo = async (agent: Agent, key: string | null = null): Promise<OpenLink> => {
  const one = await openLink(portOf(agent), key, controlPlane.stamp);
  links.push(one);
  return one;
};

interface Asking {
  readonly method?: string;
  readonly path?: string;
  readonly fields?: Record<string, string>;
  readonly body?: string;
  /** As the frame says; by default what the head says. */
  readonly tenant?: string;
  readonly epoch?: number;
}

const ask = ({ link }: OpenLink, tenant: string, epoch: number, asking: Asking = {}): Promise<Answer> => {
  const { method = 'GET', path = '/api/orders', body } = asking;
  const fields = { host: 'x', ...passport(tenant, epoch), ...asking.fields };
  const head = `${method} ${path} HTTP/1.1\r\n${Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;
  const one = askOn(link, head, body === undefined, asking.tenant ?? tenant, asking.epoch ?? epoch);
  if (body !== undefined) void one.send(Buffer.from(body));
  return one.answer;
};
/** The same at the front door, in bytes: a client's library would add fields of its own. */
const askDoor = (agent: Agent, fields: Record<string, string>): Promise<string> => {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return exchangeBytes(portOf(agent), `GET /api/orders HTTP/1.1\r\n${lines.join('')}\r\n`, /\r\n\r\n/);
};
const statusOf = ({ head }: Answer): number => Number(head.split(' ')[1]);

describe('requests over a link (I4)', () => {
  it('are served as at the front door, with tenant and epoch, and the answer signed by the stamp', async () => {
    controlPlane.place('acme', 3);
    const link = await linkTo(await startRegistered());
    const answer = await ask(link, 'acme', 3, { method: 'POST', path: '/p?q=1', body: 'hello', fields: { 'x-request-id': 'r-1' } });
    expect(statusOf(answer)).toBe(200);
    expect(answer.head.toLowerCase()).toContain(`x-lapidary-stamp: ${controlPlane.stamp}\r\n`);
    expect(answer.head).not.toMatch(/forged|connection|transfer-encoding/i);
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      method: 'POST',
      url: '/p?q=1',
      body: 'hello',
      headers: { 'x-lapidary-tenant': 'acme', 'x-lapidary-epoch': '3', 'x-request-id': 'r-1', 'transfer-encoding': 'chunked' },
    });
    const known = await ask(link, 'acme', 3, { method: 'PUT', body: 'hello', fields: { 'content-length': '5' } });
    expect(JSON.parse(known.body.toString())).toMatchObject({ body: 'hello', headers: { 'content-length': '5' } });
    const head = await ask(link, 'acme', 3, { method: 'HEAD' });
    expect([statusOf(head), head.how, head.body.length]).toEqual([200, 'ended', 0]);
  });

  it('with as many fields as a router takes of a client are served, beside what it adds; with more they are not', async () => {
    controlPlane.place('acme', 3);
    const agent = await startRegistered();
    // Host, which is the client's, comes beside them.
    const fields = Object.fromEntries(Array.from({ length: headerCountMax - 1 }, (_, i) => [`x-client-${i}`, 'v']));
    const said = ['x-request-id', 'traceparent', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-prefix'];
    const added = Object.fromEntries(said.map((name) => [name, 'a']));
    const more = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x-more-${i}`, 'v']));
    const link = await linkTo(agent);
    for (const [status, also] of [
      [200, {}],
      [431, more],
    ] as const) {
      expect(statusOf(await ask(link, 'acme', 3, { fields: { ...fields, ...added, ...also } }))).toBe(status);
      expect(await askDoor(agent, { host: 'x', ...passport('acme', 3), ...fields, ...added, ...also })).toMatch(`HTTP/1.1 ${status} `);
    }
  });

  it('with as many bytes of a head as a router takes of a client are served, beside what it adds', async () => {
    controlPlane.place('acme', 3);
    const agent = await startRegistered();
    const fields = {
      'x-client': 'v'.repeat(16_000),
      'x-request-id': 'r'.repeat(128),
      'x-forwarded-host': 'h'.repeat(253),
      'x-more': 'm'.repeat(500),
    };
    expect(statusOf(await ask(await linkTo(agent), 'acme', 3, { fields }))).toBe(200);
    expect(await askDoor(agent, { host: 'x', ...passport('acme', 3), ...fields })).toMatch('HTTP/1.1 200 ');
  });

  it('are refused with 421 and a hint where the tenant is not held, or at an older epoch', async () => {
    controlPlane.place('acme', 3);
    const link = await linkTo(await startRegistered());
    for (const [tenant, epoch, hint] of [
      ['bolt', 1, 'none'],
      ['acme', 4, '3'],
    ] as const) {
      const answer = await ask(link, tenant, epoch, { method: 'POST', body: 'x'.repeat(200_000) });
      expect(statusOf(answer)).toBe(421);
      expect(answer.head).toContain(`x-lapidary-held-epoch: ${hint}\r\n`);
      expect(answer.head).toContain('x-lapidary-error: misdirected\r\n');
      expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'misdirected', status: 421, retry: true });
    }
    expect(workload.requests).toEqual([]);
  });

  it('a tenant that is placed while its request waits is served, with the body that came meanwhile', async () => {
    const agent = await startRegistered();
    const link = await linkTo(agent);
    const command = controlPlane.place('acme', 1);
    const answer = ask(link, 'acme', 1, { method: 'POST', body: 'early', fields: { 'content-length': '5' } });
    await controlPlane.push(command);
    expect(JSON.parse((await answer).body.toString())).toMatchObject({ body: 'early' });
  });

  it('that could be read in two ways never reach the workload (L8)', async () => {
    controlPlane.place('acme', 3);
    controlPlane.place('bolt', 3);
    const link = await linkTo(await startRegistered());
    const cases: [number, Asking][] = [
      [421, { tenant: 'bolt' }],
      [421, { epoch: 2 }],
      [421, { fields: { x_lapidary_tenant: 'bolt' } }],
      [421, { fields: { 'X-Lapidary-Tenant': 'bolt' } }],
      [421, { fields: { connection: 'x-lapidary-epoch' } }],
      [400, { fields: { 'transfer-encoding': 'chunked' }, body: '0\r\n\r\n' }],
      [400, { fields: { 'content-length': '5, 5' }, body: 'hello' }],
      [400, { fields: { 'X-A': 'b\r\n c' } }],
      [400, { path: 'http://other/' }],
      [404, { path: '/_lapidary/metrics' }],
    ];
    for (const [status, asking] of cases) expect([asking, statusOf(await ask(link, 'acme', 3, asking))]).toEqual([asking, status]);
    expect(workload.requests).toEqual([]);
    expect(workload.bytes()).toBe(0);
  });

  it('a body of another length than its head said is broken off', async () => {
    controlPlane.place('acme', 1);
    const link = await linkTo(await startRegistered());
    for (const length of ['4', '6']) {
      expect((await ask(link, 'acme', 1, { method: 'POST', body: 'hello', fields: { 'content-length': length } })).how).toBe(
        'reset failed',
      );
    }
    expect(statusOf(await ask(link, 'acme', 1))).toBe(200);
  });

  it('hundreds at once each get their own answer (L1)', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    const two = [await linkTo(agent), await linkTo(agent)];
    const bodies = Array.from({ length: 300 }, (_, i) => `${i}:`.repeat(1 + ((i * 97) % 5_000)));
    // On a machine under load some of so many connections take longer than the agent waits for one; it says so, and they ask again.
    const served = async (i: number): Promise<Answer | undefined> => {
      const answer = await ask(two[i % 2]!, 'acme', 1, { method: 'POST', path: `/${i}`, body: bodies[i]! });
      return statusOf(answer) === 503 && answer.body.includes('does not take connections') ? undefined : answer;
    };
    const answers = await Promise.all(bodies.map((_, i) => waitFor(`answer ${i}`, () => served(i), { timeoutMs: 60_000 })));
    answers.forEach(({ body }, i) => expect(JSON.parse(body.toString())).toMatchObject({ url: `/${i}`, body: bodies[i] }));
    expect(await (await get(agent, {}, '/_lapidary/metrics')).text()).toContain('lapidary_agent_links 2');
  });
});

describe('a workload behind a link', () => {
  it('down is 503 with Retry-After; breaking off before its answer is 502', async () => {
    controlPlane.place('acme', 1);
    const link = await linkTo(await startRegistered());
    const slow = ask(link, 'acme', 1, { method: 'POST', path: '/slow' });
    await waitFor('the slow request', () => workload.waiting() === 1 || undefined, soon);
    await workload.close();
    expect(statusOf(await slow)).toBe(502);
    const down = await ask(link, 'acme', 1);
    expect(statusOf(down)).toBe(503);
    expect(down.head).toContain('retry-after: 1\r\n');
    await restartWorkload();
    expect(statusOf(await ask(link, 'acme', 1))).toBe(200);
  });

  it('restarted between two requests on a kept connection loses no idempotent one', async () => {
    controlPlane.place('acme', 1);
    const link = await linkTo(await startRegistered());
    for (let i = 0; i < 3; i++) {
      expect(statusOf(await ask(link, 'acme', 1))).toBe(200);
      await workload.close();
      await restartWorkload();
    }
  });

  it('is let go of when the router gives a request up', async () => {
    controlPlane.place('acme', 1);
    const { link } = await linkTo(await startRegistered());
    const one = askOn(link, 'GET /slow HTTP/1.1\r\nhost: x\r\nx-lapidary-tenant: acme\r\nx-lapidary-epoch: 1\r\n\r\n', true);
    await waitFor('the slow request', () => workload.waiting() === 1 || undefined, soon);
    one.stream!.reset('cancelled');
    await waitFor('its end at the workload', () => workload.waiting() === 0 || undefined, soon);
    await waitFor('the end of the stream', () => link.streamCount === 0 || undefined, soon);
  });
});

describe('who and when', () => {
  it('a router without the region’s key, or with another, is refused; the front door is open to HTTP as before', async () => {
    const directory = await temporaryDirectory();
    const file = join(directory.path, 'link-key');
    await writeFile(file, 'the-regions-link-key-0123456789\n');
    controlPlane.place('acme', 1);
    const agent = await startRegistered({ LAPIDARY_LINK_KEY_FILE: file });
    expect((await linkTo(agent, 'the-regions-link-key-0123456789')).log).toEqual(['open']);
    expect((await linkTo(agent, 'another')).log).toEqual(['closed unauthenticated']);
    expect((await linkTo(agent)).log).toEqual(['closed unauthenticated']);
    expect((await get(agent, passport('acme', 1))).status).toBe(200);
    await directory.remove();
  });

  it('a client of a tenant’s can’t open a link through a router', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    const response = await get(agent, passport('acme', 1), '/_lapidary/link');
    expect(response.status).toBe(404);
  });

  it('a drain answers what is under way, refuses the rest untouched, and closes (L9)', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    const link = await linkTo(agent);
    const slow = ask(link, 'acme', 1, { path: '/slow' });
    await waitFor('the slow request', () => workload.waiting() === 1 || undefined, soon);
    const stopped = stop(agent, 5_000);
    await waitFor('GOAWAY', () => link.log.includes('leaving') || undefined, soon);
    expect(link.link.hasRoom).toBe(false);
    workload.release();
    expect((await slow).body.toString()).toBe('released');
    await stopped;
    expect(link.log).toEqual(['open', 'leaving', 'closed closed']);
  });
});
