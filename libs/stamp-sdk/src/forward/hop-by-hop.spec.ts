import fc from 'fast-check';
import { canonicalName, requestHeaders, responseHeaders } from './hop-by-hop.js';

const names = (flat: readonly string[]): string[] => flat.filter((_, i) => i % 2 === 0).map((n) => n.toLowerCase());
const set = { 'x-lapidary-tenant': 'acme', 'x-lapidary-epoch': '3' };

describe('headers that pass to the next hop', () => {
  it('keeps end-to-end headers with their spelling, order and repeats', () => {
    const raw = ['Accept', 'a', 'X-Two', '1', 'x-two', '2', 'Cookie', 'c=d'];
    expect(requestHeaders(raw, { set: {} })).toEqual(raw);
  });

  it('drops hop-by-hop headers and what Connection names', () => {
    const raw = [
      'Connection',
      'close, X-Private',
      'x-private',
      '1',
      'Keep-Alive',
      'timeout=5',
      'TE',
      'trailers',
      'Upgrade',
      'h2c',
      'HTTP2-Settings',
      'x',
      'Host',
      'a',
    ];
    expect(requestHeaders(raw, { set: {} })).toEqual(['Host', 'a']);
  });

  it.each([
    ['X-Lapidary-Tenant', 'evil'],
    ['x_lapidary_tenant', 'evil'],
    ['X_Lapidary-Epoch', '99'],
    ['x-lapidary-anything', '1'],
    ['X-LAPIDARY_STAMP', 'us-1'],
  ])('a client cannot send %s (I4)', (name, value) => {
    expect(requestHeaders([name, value, 'Host', 'a'], { set })).toEqual([
      'Host',
      'a',
      'x-lapidary-tenant',
      'acme',
      'x-lapidary-epoch',
      '3',
    ]);
  });

  it('a client cannot have our fencing headers or Host stripped by naming them in Connection (I4)', () => {
    const passed = requestHeaders(['Host', 'a', 'Connection', 'x-lapidary-epoch, host, X-Lapidary-Tenant'], { set });
    expect(names(passed)).toEqual(['host', 'x-lapidary-tenant', 'x-lapidary-epoch']);
  });

  it.each(['Transfer_Encoding', 'content_length', 'Content-Length', 'Transfer-Encoding', 'Connection_', 'Host_', '_Host'])(
    'framing is rebuilt, never copied: %s passes only where it is another name',
    (name) => {
      const dropped = new Set(['transfer-encoding', 'content-length']);
      expect(names(requestHeaders([name, '1'], { set: {} }))).toEqual(dropped.has(canonicalName(name)) ? [] : [name.toLowerCase()]);
    },
  );

  it('whatever is set replaces what came under that name, also with underscores', () => {
    const passed = requestHeaders(['X-Forwarded-For', '6.6.6.6', 'x_forwarded_for', '6.6.6.6'], { set: { 'x-forwarded-for': '1.2.3.4' } });
    expect(passed).toEqual(['x-forwarded-for', '1.2.3.4']);
  });

  it("a workload can't pretend to be the agent; an agent's own headers pass", () => {
    const raw = ['X-Lapidary-Error', 'misdirected', 'ETag', '"1"'];
    expect(names(responseHeaders(raw, { set: {} }, false))).toEqual(['etag']);
    expect(names(responseHeaders(raw, { set: {} }, true))).toEqual(['x-lapidary-error', 'etag']);
  });

  it('nothing internal and nothing hop-by-hop ever passes, whatever a client sends', () => {
    const piece = fc.constantFrom(
      'x',
      '-',
      '_',
      'lapidary',
      'X',
      'LAPIDARY',
      'tenant',
      'connection',
      'te',
      'upgrade',
      'transfer',
      'encoding',
    );
    const name = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
    const headers = fc.array(fc.tuple(name, fc.constantFrom('1', 'close', 'x-a, te', 'x-lapidary-epoch')), { maxLength: 12 });
    fc.assert(
      fc.property(headers, (pairs) => {
        const passed = names(requestHeaders(pairs.flat(), { set })).map(canonicalName);
        const ours = passed.filter((n) => n.startsWith('x-lapidary-'));
        expect(ours).toEqual(['x-lapidary-tenant', 'x-lapidary-epoch']);
        for (const hop of ['connection', 'te', 'upgrade', 'transfer-encoding']) expect(passed).not.toContain(hop);
      }),
    );
  });
});
