import fc from 'fast-check';
import { readEvents } from './read-events.js';

const good = (sequence: number): Record<string, unknown> => ({
  specversion: '1.0',
  id: `e${sequence}`,
  source: '/regions/eu',
  type: 'lapidary.tenant.created.v1',
  subject: 'tenant/acme',
  time: '2025-01-01T00:00:00.000Z',
  originregion: 'eu',
  originepoch: 1,
  originsequence: sequence,
  hlc: '1',
  requestid: 'r',
  actor: 'a',
  data: {},
});

describe('incoming events', () => {
  it('are read one by one: a malformed one takes no neighbour along (P-SC3)', () => {
    const read = readEvents('eu', [good(1), { ...good(2), type: 'Rubbish' }, good(3)]);
    expect(read.map((e) => [e.ok, e.sequence])).toEqual([
      [true, 1],
      [false, 2],
      [true, 3],
    ]);
  });

  it('keep their place where the place itself is unreadable', () => {
    const read = readEvents('eu', [good(1), 'rubbish', null, good(4)]);
    expect(read.map((e) => [e.ok, e.sequence])).toEqual([
      [true, 1],
      [false, 2],
      [false, 3],
      [true, 4],
    ]);
  });

  it('from another region than the stream is of are refused', () => {
    expect(readEvents('us', [good(1)])).toMatchObject([{ ok: false, sequence: 1 }]);
  });

  it('tolerate unknown fields (P-SC1)', () => {
    expect(readEvents('eu', [{ ...good(1), later: true }])).toMatchObject([{ ok: true }]);
  });

  it('never throw, whatever comes', () => {
    fc.assert(fc.property(fc.array(fc.anything()), (raw) => expect(readEvents('eu', raw).every((e) => e.sequence >= 1)).toBe(true)));
  });
});
