import * as Automerge from '@automerge/automerge';
import { liveBytesMax, LiveDocuments } from './live-documents.js';

const actor = 'ab'.repeat(16);

const opened = (live: LiveDocuments): number => (live as unknown as { open: Map<string, unknown> }).open.size;

describe('documents that stay open', () => {
  it('are few where their histories are long: what they take is bounded, not their number alone', () => {
    const live = new LiveDocuments(actor);
    const bytes = Automerge.save(Automerge.from({ words: [] }, { actor }));
    // As one whose history is long lies in the database: some hundred times of that when it is open.
    const long = Buffer.concat([bytes, Buffer.alloc(30_000)]);
    for (let i = 0; i < 500; i++) live.put(`k${i}`, long, Automerge.load<Record<string, unknown>>(bytes, { actor }));
    expect(opened(live) * long.length).toBeLessThanOrEqual(liveBytesMax);
    expect(opened(live)).toBeGreaterThan(10);
    const small = new LiveDocuments(actor);
    for (let i = 0; i < 500; i++) small.put(`k${i}`, bytes, Automerge.load<Record<string, unknown>>(bytes, { actor }));
    expect(opened(small)).toBe(500);
  });
});
