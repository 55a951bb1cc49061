/** NATS refuses messages over 1 MB; half leaves room for one item of the largest size. */
export const answerBytesMax = 512 * 1024;

const bytesAsJson = (item: unknown): number => Buffer.byteLength(JSON.stringify(item));

/**
 * The longest head of `items` that fits one answer as JSON; never empty where `items` isn't. `bytesOf`: of whoever knows the length of an item
 * without writing it.
 */
export const fittingAnswer = <T>(items: readonly T[], bytesOf: (item: T) => number = bytesAsJson): readonly T[] => {
  let bytes = 0;
  const end = items.findIndex((item, i) => (bytes += bytesOf(item)) > answerBytesMax && i > 0);
  return end === -1 ? items : items.slice(0, end);
};
