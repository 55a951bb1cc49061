/** What a quick way to a schema's yes asks of plain JSON. */
export type Fields = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Whether it has these keys and no others. */
export const hasKeys = (value: Fields, keys: readonly string[]): boolean => {
  let found = 0;
  // What it inherits is Object's, of which nothing can be gone through.
  for (const key in value) {
    if (!keys.includes(key)) return false;
    found += 1;
  }
  return found === keys.length;
};

export const isText = (value: unknown, lengthMax: number, pattern?: RegExp): value is string =>
  typeof value === 'string' && value.length <= lengthMax && (pattern === undefined || pattern.test(value));
