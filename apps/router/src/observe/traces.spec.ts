import type { EndedSpan } from '@lapidary/telemetry/tracing/ended-span';
import type { Ended } from './ended-request.js';
import { spansOf, Traces } from './traces.js';

const sent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const unsampled = sent.replace(/01$/, '00');
const whose = { tenant: 'acme', stamp: 'eu-1' };
const ended = (over: Partial<Ended> = {}): Ended => ({
  outcome: 'answered',
  status: 200,
  tookMs: 30,
  waitedMs: 2,
  stampMs: 20,
  ...over,
});
const described = (traces: Traces, from: string | undefined = sent) => ({
  requestId: 'r',
  trace: traces.begin(from),
  method: 'GET',
  host: 'acme.example',
  target: '/orders?card=4111',
});

class List {
  readonly spans: EndedSpan[] = [];
  ended(span: EndedSpan): void {
    this.spans.push(span);
  }
  close = (): Promise<void> => Promise.resolve();
}

describe('traces', () => {
  it('without a collector the client’s context is passed on as it is', () => {
    const traces = new Traces();
    expect(traces.begin(sent)).toEqual({ sent, toStamp: sent });
    expect(traces.begin(unsampled)).toEqual({ sent: unsampled, toStamp: unsampled });
  });

  it('what is no context is not passed on; a trace begins here, recorded by the share that is set', () => {
    for (const bad of [undefined, '', sent.toUpperCase(), [sent, sent]]) {
      const { sent: kept, toStamp } = new Traces({ random: () => 0.5 }).begin(bad);
      expect([kept, toStamp]).toEqual(['', expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)]);
    }
    expect(new Traces({ share: 1 }).begin(undefined).toStamp).toMatch(/-01$/);
    expect(new Traces({ share: 0 }).begin(undefined).toStamp).toMatch(/-00$/);
  });

  it('a recorded request is three spans, each inside of the one before, and the stamp goes on from ours', () => {
    const sink = new List();
    const traces = new Traces({ sink });
    const request = described(traces);
    traces.ended(request, whose, ended());
    const [server, wait, client] = sink.spans;
    expect(sink.spans.map(({ kind, name, traceId }) => [kind, name, traceId])).toEqual([
      ['server', 'GET', '0af7651916cd43dd8448eb211c80319c'],
      ['internal', 'wait', '0af7651916cd43dd8448eb211c80319c'],
      ['client', 'stamp eu-1', '0af7651916cd43dd8448eb211c80319c'],
    ]);
    expect(server!.parentSpanId).toBe('b7ad6b7169203331');
    expect([wait!.parentSpanId, client!.parentSpanId]).toEqual([server!.spanId, server!.spanId]);
    expect(request.trace.toStamp).toBe(`00-0af7651916cd43dd8448eb211c80319c-${client!.spanId}-01`);
    expect(client!.startMs).toBe(wait!.startMs + wait!.tookMs);
    expect(client!.startMs + client!.tookMs).toBe(server!.startMs + server!.tookMs);
    expect(server!.attributes).toMatchObject({ 'url.path': '/orders', 'http.response.status_code': 200, 'lapidary.tenant': 'acme' });
    expect(JSON.stringify(sink.spans)).not.toContain('4111');
  });

  it('what is not sampled is not recorded, and keeps the client’s span', () => {
    const sink = new List();
    const traces = new Traces({ sink });
    const request = described(traces, unsampled);
    traces.ended(request, whose, ended());
    expect([sink.spans, request.trace.toStamp]).toEqual([[], unsampled]);
  });

  it.each([
    ['a stamp’s 503', ended({ status: 503 }), true],
    ['an answer that broke off', ended({ outcome: 'cut' }), true],
    ['a client’s mistake', ended({ status: 404 }), false],
    ['a client that went away', ended({ outcome: 'client_gone', status: 0, stampMs: 0 }), false],
  ])('%s', (_, what, failed) => {
    const [server] = spansOf(described(new Traces()), whose, what, 1_000);
    expect(server!.failed).toBe(failed);
  });

  it('a method that nobody knows is in no span’s name', () => {
    const [server] = spansOf({ ...described(new Traces()), method: 'BREW' }, { tenant: null, stamp: null }, ended({ stampMs: 0 }), 1_000);
    expect([server!.name, server!.attributes['http.request.method']]).toEqual(['HTTP', '_OTHER']);
  });
});
