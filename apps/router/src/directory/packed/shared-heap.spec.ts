import { heapStart } from './layout.js';
import { SharedHeap, slackWords } from './shared-heap.js';

describe('memory that readers may be led astray in', () => {
  const writer = SharedHeap.create();
  const block = writer.allocate(4);
  writer.set(block, 7);

  it.each([-1, -slackWords, -(2 ** 31), 2 ** 31, 2 ** 33])('what is outside reads as 0, and is no place to loop from: %i', (index) => {
    for (const heap of [writer, SharedHeap.of(writer.buffer)]) {
      expect(heap.at(index)).toBe(0);
      expect(heap.view(index)).toBeNull();
    }
  });

  it('what is inside is read, also where a writer has added it after the reader came', () => {
    const reader = SharedHeap.of(writer.buffer);
    expect([block >= heapStart, reader.at(block)]).toEqual([true, 7]);
    const before = writer.buffer.byteLength;
    let last = block;
    while (writer.buffer.byteLength === before) last = writer.allocate(2 ** 16);
    writer.set(last, 9);
    expect([reader.at(last), reader.view(last)?.[last]]).toEqual([9, 9]);
  });
});
