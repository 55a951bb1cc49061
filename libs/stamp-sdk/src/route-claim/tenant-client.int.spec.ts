import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { closeServer, listen } from '../forward/forward.fixture.js';
import { TenantClient } from './tenant-client.js';

/** A router and a stamp that do what the test says. */
class World {
  readonly grants: number[] = [];
  readonly atRouter: string[] = [];
  readonly atStamp: string[] = [];
  grant: () => unknown = () => this.direct('c1');
  stampAnswers: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => void response.end('stamp');
  beforeGrant: () => Promise<void> = () => Promise.resolve();
  lifetimeMs = 60_000;
  nowMs = 0;
  private constructor(
    readonly router: Server,
    readonly stamp: Server,
  ) {}
  routerUrl = '';
  stampUrl = '';

  static async begin(): Promise<World> {
    const router = createServer((request, response) => void world.route(request, response));
    const stamp = createServer((request, response) => {
      world.atStamp.push(`${request.method} ${request.url} ${request.headers['lapidary-route-claim']}`);
      request.resume().on('end', () => world.stampAnswers(request, response));
    });
    const world = new World(router, stamp);
    world.routerUrl = `http://127.0.0.1:${await listen(router)}`;
    world.stampUrl = `http://127.0.0.1:${await listen(stamp)}`;
    return world;
  }

  direct(claim: string): unknown {
    return { tenant: 'acme', stamp: 'eu-1', epoch: 1, direct: { url: this.stampUrl, claim, lifetimeMs: this.lifetimeMs } };
  }

  client(): TenantClient {
    return new TenantClient({ routerUrl: this.routerUrl, routerHeaders: { 'x-tenant': 'acme' }, nowMs: () => this.nowMs, random: () => 0 });
  }

  async end(): Promise<void> {
    await Promise.all([closeServer(this.router), closeServer(this.stamp)]);
  }

  private async route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url !== '/.well-known/lapidary/route') {
      this.atRouter.push(
        `${request.method} ${request.url} ${request.headers['x-tenant']} ${request.headers['lapidary-route-claim'] ?? '-'}`,
      );
      return void request.resume().on('end', () => response.end('router'));
    }
    this.grants.push(this.nowMs);
    await this.beforeGrant();
    const grant = this.grant();
    response.writeHead(grant === null ? 503 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(grant));
  }
}

const refuse = (response: ServerResponse): void => void response.writeHead(421, { 'x-lapidary-error': 'misdirected' }).end();

let world: World;
beforeEach(async () => {
  world = await World.begin();
});
afterEach(() => world.end());
const text = async (answer: Promise<Response>): Promise<string> => (await answer).text();

describe('calls of a tenant’s client', () => {
  it('go to the stamp with one claim, which a crowd asks for once (C2)', async () => {
    const client = world.client();
    expect(new Set(await Promise.all(Array.from({ length: 20 }, (_, i) => text(client.fetch(`/api/${i}`)))))).toEqual(new Set(['stamp']));
    expect(world.grants).toHaveLength(1);
    expect(world.atStamp).toContain('GET /api/7 c1');
    expect(world.atRouter).toEqual([]);
  });

  it('go on while an ageing claim is renewed beside them, and never with one that has ended (C1)', async () => {
    const client = world.client();
    await text(client.fetch('/1'));
    world.grant = () => world.direct('c2');
    world.nowMs = 45_000;
    await text(client.fetch('/2'));
    world.nowMs = 58_000;
    await text(client.fetch('/3'));
    expect(world.atStamp).toEqual(['GET /1 c1', 'GET /2 c1', 'GET /3 c2']);
    expect(world.grants).toEqual([0, 45_000]);
  });

  it('after a 421 go with a new claim, at once, with their body (C3)', async () => {
    const client = world.client();
    await text(client.fetch('/1'));
    world.grant = () => world.direct('c2');
    world.stampAnswers = (request, response) =>
      request.headers['lapidary-route-claim'] === 'c1' ? refuse(response) : void response.end('new');
    expect(await text(client.fetch('/2', { method: 'POST', body: 'x' }))).toBe('new');
    // fetch itself repeats once what is answered 421, on another connection.
    expect(new Set(world.atStamp.slice(1))).toEqual(new Set(['POST /2 c1', 'POST /2 c2']));
    expect(world.atStamp.at(-1)).toBe('POST /2 c2');
  });

  it('refused twice go through the router, and without the claim (C4)', async () => {
    world.stampAnswers = (_, response) => refuse(response);
    expect(await text(world.client().fetch('/1', { method: 'POST', body: 'x' }))).toBe('router');
    expect(world.atRouter).toEqual(['POST /1 acme -']);
  });

  it('a 421 that the workload itself gives is the caller’s', async () => {
    world.stampAnswers = (_, response) => void response.writeHead(421).end('mine');
    expect(await text(world.client().fetch('/1'))).toBe('mine');
    expect(world.grants).toHaveLength(1);
  });

  it('with a body that is used up come back as 421, undone, and the next goes with a new claim', async () => {
    world.stampAnswers = (_, response) => refuse(response);
    const client = world.client();
    const stream = new ReadableStream({ start: (c) => (c.enqueue(new TextEncoder().encode('x')), c.close()) });
    const answer = await client.fetch('/1', { method: 'POST', body: stream, duplex: 'half' } as RequestInit);
    expect(answer.status).toBe(421);
    expect(world.atRouter).toEqual([]);
    world.stampAnswers = (_, response) => void response.end('stamp');
    expect(await text(client.fetch('/2'))).toBe('stamp');
    expect(world.grants).toHaveLength(2);
  });

  it('where the stamp can’t be reached go through the router, for a while, also what must not be done twice (C4)', async () => {
    await closeServer(world.stamp);
    const client = world.client();
    for (const method of ['GET', 'POST']) expect(await text(client.fetch('/1', { method }))).toBe('router');
    expect(world.grants).toHaveLength(1);
    world.nowMs = 30_000;
    await text(client.fetch('/2'));
    expect(world.grants).toHaveLength(2);
  });

  it('broken off by the stamp are repeated through the router only where that does no harm (C3)', async () => {
    world.stampAnswers = (request) => request.socket.destroy();
    const client = world.client();
    expect(await text(client.fetch('/1'))).toBe('router');
    await expect(client.fetch('/2', { method: 'POST', body: 'x' })).rejects.toThrow();
    expect(world.atRouter).toEqual(['GET /1 acme -']);
  });

  it('that the caller breaks off are not sent elsewhere', async () => {
    world.stampAnswers = () => undefined;
    await expect(world.client().fetch('/1', { signal: AbortSignal.timeout(200) })).rejects.toThrow();
    expect(world.atRouter).toEqual([]);
  });

  it('without a direct way, or without a grant, go through the router, and it isn’t asked each time', async () => {
    world.grant = () => ({ tenant: 'acme', stamp: 'eu-1', epoch: 1, direct: null });
    const client = world.client();
    for (let i = 0; i < 3; i += 1) expect(await text(client.fetch('/1'))).toBe('router');
    world.grant = () => null;
    world.nowMs = 60_000;
    for (let i = 0; i < 3; i += 1) expect(await text(client.fetch('/1'))).toBe('router');
    expect(world.grants).toEqual([0, 60_000]);
  });

  it('with a router that is gone go on to the stamp until the claim’s end (I7)', async () => {
    const client = world.client();
    await text(client.fetch('/1'));
    await closeServer(world.router);
    world.nowMs = 57_000;
    expect(await text(client.fetch('/2'))).toBe('stamp');
    expect(world.atStamp).toEqual(['GET /1 c1', 'GET /2 c1']);
  });
});
