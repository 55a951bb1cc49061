import { isSampled, isTraceparent, newSpanId, newTraceparent, spanIdOf, traceIdOf, withSpan } from './traceparent.js';

const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('traceparent', () => {
  it('is read by its places', () => {
    expect(isTraceparent(valid)).toBe(true);
    expect([traceIdOf(valid), spanIdOf(valid), isSampled(valid)]).toEqual(['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', true]);
    expect(isSampled(valid.replace(/01$/, '00'))).toBe(false);
    expect(isSampled(valid.replace(/01$/, '03'))).toBe(true);
  });

  it.each([
    ['nothing', undefined],
    ['two of them', [valid, valid]],
    ['capitals', valid.toUpperCase()],
    ['another version', valid.replace(/^00/, 'ff')],
    ['no trace', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['no span', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
    ['more behind it', `${valid}-00`],
    ['a line break', `${valid}\r\nx: y`],
  ])('%s is none', (_, text) => expect(isTraceparent(text)).toBe(false));

  it('goes on by another span, with trace and flags as they were', () => {
    expect(withSpan(valid, '1122334455667788')).toBe('00-0af7651916cd43dd8448eb211c80319c-1122334455667788-01');
  });

  it('ten thousand new ones are valid and differ', () => {
    const made = Array.from({ length: 10_000 }, (_, i) => newTraceparent(i % 2 === 0));
    expect(made.every(isTraceparent)).toBe(true);
    expect(new Set(made.map(traceIdOf)).size).toBe(made.length);
    expect(made.filter(isSampled)).toHaveLength(5_000);
    expect(newSpanId()).toMatch(/^[0-9a-f]{16}$/);
  });
});
