/** What a field, an entry or a document may hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A record's own value: a field called "constructor" must not find what every object inherits. */
export const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

/** Records are JSON's, and inherit nothing that could be gone through. */
const hasAllOf = (a: object, b: object): boolean => {
  for (const key in b) if (key === '__proto__' || !Object.hasOwn(a, key)) return false;
  return true;
};

/** Both records' keys, each with what `join` makes of its one or two values. */
export const joinRecords = <T>(
  a: Readonly<Record<string, T>>,
  b: Readonly<Record<string, T>>,
  join: (x: T, y: T) => T,
): Record<string, T> => {
  // The usual change: a few of the fields that are there. Sorting all of them again, or going through them, costs more than the joins.
  if (hasAllOf(a, b)) {
    const joined: Record<string, T> = { ...a };
    for (const key in b) joined[key] = join(a[key]!, b[key]!);
    return joined;
  }
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return Object.fromEntries(
    keys.map((key) => {
      const [x, y] = [own(a, key), own(b, key)];
      return [key, x === undefined ? y! : y === undefined ? x : join(x, y)];
    }),
  );
};
