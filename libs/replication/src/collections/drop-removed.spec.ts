import { judgeNote, type Knowledge, type RemovalNote } from './drop-removed.js';

const at = (sequence: number, epoch = 1) => ({ epoch, sequence });

describe('a note of removed fields', () => {
  /** "us" has said that it knows all of it; what "ap" told, which was lost for good since, came here by a repair in part. */
  const known = { eu: at(9), us: at(5), ap: at(7) };
  const note: RemovalNote = { seen: { eu: 'then' }, known: { eu: at(8), us: at(4), ap: at(10) } };
  const declared: Knowledge['declared'] = new Map([['us', { ...at(5), known: { eu: at(8), us: at(4), ap: at(3) } }]]);
  const others = (...of: string[]): Knowledge => ({ region: 'eu', others: of, declared });

  it('waits for what came by repairs of a region that is there', () => {
    const both = new Map([...declared, ['ap', { ...at(7), known: note.known }] as const]);
    expect(judgeNote(note, { ...others('us', 'ap'), declared: both }, known)).toBe('wait');
  });

  it('waits for nothing of a region that is no more, which nobody hears any further (F5)', () => {
    expect(judgeNote(note, others('us'), known)).toBe('drop');
  });

  it('is not stale for an epoch that only others had heard of such a region (F6)', () => {
    const ofLater: RemovalNote = { ...note, known: { ...note.known, ap: at(1, 2) } };
    expect(judgeNote(ofLater, others('us'), known)).toBe('drop');
    expect(judgeNote({ ...note, known: { ...note.known, us: at(4, 2) } }, others('us'), known)).toBe('stale');
  });
});
