import fc from 'fast-check';
import { freshDatabase } from '@lapidary/testing/backends';
import { plainArray, textArray } from './array-text.js';
import { createDataSource } from './data-source.js';
import { rowsOf } from './rows.js';

/** What PostgreSQL can't hold in a text. */
const text = fc
  .oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('NULL', 'null', '', ' ', '{}', '\\', '"', ',', '\\"', '\n', '\x1e'))
  .map((value) => value.replaceAll('\u0000', ''));

test('arrays arrive as they were, whatever is in them', async () => {
  const database = await freshDatabase();
  const source = await createDataSource({ url: database.url, applicationName: 'test', poolSize: 1 }).initialize();
  const select = 'SELECT $1::text[] AS texts, $2::float8[] AS numbers, $3::bool[] AS truths';
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(text)),
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0))),
        fc.array(fc.boolean()),
        async (texts, numbers, truths) => {
          const [row] = await rowsOf(source, select, [textArray(texts), plainArray(numbers), plainArray(truths)]);
          expect(row).toEqual({ texts, numbers, truths });
        },
      ),
      { numRuns: 200 },
    );
  } finally {
    await source.destroy();
    await database.drop();
  }
});
