import { writesAtOnceMax, type DocumentWrite } from '@lapidary/contracts/api/document-writes';

/** A write, and where it stands in what is imported. */
export interface Line {
  readonly number: number;
  readonly write: DocumentWrite;
}

/** A request's body has 64 kB; what is around the writes is a few bytes. */
const bytesMax = 60_000;

/** Lines in their order, as many in each request as fit. One that is too large by itself goes alone, and is refused by who knows the limit. */
export const batchesOf = (lines: readonly Line[]): Line[][] => {
  const batches: Line[][] = [];
  let bytes = 0;
  for (const line of lines) {
    const size = Buffer.byteLength(JSON.stringify(line.write)) + 1;
    const last = batches.at(-1);
    if (last && last.length < writesAtOnceMax && bytes + size <= bytesMax) {
      last.push(line);
      bytes += size;
    } else {
      batches.push([line]);
      bytes = size;
    }
  }
  return batches;
};
