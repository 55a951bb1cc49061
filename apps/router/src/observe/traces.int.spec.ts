import { createServer, type Server } from 'node:http';
import { waitFor } from '@lapidary/kernel/wait-for';
import { closeServer, exchangeBytes, listen } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { knows, RouterWorld, type RunningRouter } from '../router-world.fixture.js';

/** Spans are sent every two seconds. */
const patience = { timeoutMs: 60_000, intervalMs: 20 };
const traceId = '0af7651916cd43dd8448eb211c80319c';
const clientSpan = 'b7ad6b7169203331';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
}
interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[] };
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

describe.each(['fast', 'general'])('traces on the %s path', (engine) => {
  let world: RouterWorld;
  let collector: Server;
  let endpoint: string;
  const batches: Sent[] = [];
  beforeAll(async () => {
    batches.splice(0);
    collector = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => void chunks.push(chunk));
      request.on('end', () => {
        if (request.url === '/v1/traces') batches.push(JSON.parse(Buffer.concat(chunks).toString()) as Sent);
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
    endpoint = `http://127.0.0.1:${await listen(collector)}`;
    world = await RouterWorld.begin();
    await world.region.commit(world.stamp());
    await world.region.commit(world.tenant('acme'));
  });
  afterAll(async () => {
    await world.end();
    collector.closeAllConnections();
    await closeServer(collector);
  });

  const start = async (to: string): Promise<RunningRouter> => {
    const running = await world.start(undefined, 'directory.copy', {
      LAPIDARY_ROUTER_ENGINE: engine,
      LAPIDARY_ROUTER_LINKS: 'off',
      LAPIDARY_OTLP_ENDPOINT: to,
    });
    await knows(running, 'acme');
    return running;
  };
  const ask = (running: RunningRouter, flags: string): Promise<string> =>
    exchangeBytes(
      running.port,
      `GET /a?b HTTP/1.1\r\nHost: acme.lapidary.localhost\r\ntraceparent: 00-${traceId}-${clientSpan}-${flags}\r\n\r\n`,
      /\r\n\r\n.+/s,
    );
  const toStamp = (): string[] => world.door.received.join('').match(/^traceparent: .*$/gim) ?? [];
  const spans = (): Span[] => batches.flatMap((b) => b.resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans)));

  it('a sampled request reaches the collector, and the stamp goes on from the router’s span', async () => {
    const running = await start(endpoint);
    expect(await ask(running, '00')).toContain(' 200 ');
    expect(await ask(running, '01')).toContain(' 200 ');
    await waitFor('the spans', () => spans().length >= 2 || undefined, patience);
    const server = spans().find(({ name }) => name === 'GET')!;
    const client = spans().find(({ name }) => name === `stamp ${world.name}-1`)!;
    expect(spans().every((span) => span.traceId === traceId)).toBe(true);
    expect([server.parentSpanId, client.parentSpanId]).toEqual([clientSpan, server.spanId]);
    const [first, second] = toStamp().map((line) => line.trim());
    expect([first, second]).toEqual([`traceparent: 00-${traceId}-${clientSpan}-00`, `traceparent: 00-${traceId}-${client.spanId}-01`]);
    expect(spans().filter(({ name }) => name === 'GET')).toHaveLength(1);
    const { attributes } = batches[0]!.resourceSpans[0]!.resource;
    expect(Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]))).toMatchObject({
      'service.name': 'lapidary-router',
      'service.instance.id': 'r1',
      'cloud.region': world.name,
    });
    await world.stop(running);
  });

  it('what waits is sent when the router ends', async () => {
    const running = await start(endpoint);
    const before = spans().length;
    expect(await ask(running, '01')).toContain(' 200 ');
    await world.stop(running);
    expect(spans().length).toBeGreaterThan(before);
  });

  it('a collector that is not there costs nobody an answer, and is counted', async () => {
    const running = await start('http://127.0.0.1:1');
    expect(await ask(running, '01')).toContain(' 200 ');
    const failed = async (): Promise<boolean> =>
      /lapidary_router_spans_total\{outcome="failed"\} [1-9]/.test(await (await fetch(`${running.admin}/metrics`)).text());
    await waitFor('the failure to be counted', async () => (await failed()) || undefined, { ...patience, timeoutMs: 60_000 });
    expect(await ask(running, '00')).toContain(' 200 ');
    await world.stop(running);
  });
});
