/** Buckets in their order, as many together as have no more than `rowsMax` rows: one listing each. A bucket that has more is one by itself. */
export const portions = (buckets: readonly number[], rowsIn: (bucket: number) => number, rowsMax: number): number[][] => {
  const list: number[][] = [];
  let rows = Infinity;
  for (const bucket of buckets) {
    rows += rowsIn(bucket);
    if (rows > rowsMax) {
      list.push([]);
      rows = rowsIn(bucket);
    }
    list.at(-1)!.push(bucket);
  }
  return list;
};
