import type { LinkStream } from './link-stream.js';
import { StreamTable } from './stream-table.js';

const stream = (id: number): LinkStream => ({ id }) as LinkStream;

describe('the streams of a link by id', () => {
  it('finds what a map finds, whatever comes and goes in which order', () => {
    const [table, map] = [new StreamTable(), new Map<number, LinkStream>()];
    // A few streams stay for thousands of others: these meet them in their places.
    for (let id = 1; id <= 20_000; id += 1) {
      const one = stream(id);
      table.add(one);
      map.set(id, one);
      const gone = id % 7 === 0 ? [] : [id, id - 3_000 * ((id % 5) + 1)];
      for (const over of gone.map((of) => map.get(of)).filter((of) => of !== undefined)) {
        table.delete(over);
        table.delete(over);
        map.delete(over.id);
      }
      expect([table.size, table.get(id), table.get(id - 1_024)]).toEqual([map.size, map.get(id), map.get(id - 1_024)]);
    }
    expect(map.size).toBeGreaterThan(1_024);
    expect(new Set(table.list())).toEqual(new Set(map.values()));
    table.clear();
    expect([table.size, table.list(), table.get(7)]).toEqual([0, [], undefined]);
  });
});
