/** NATS refuses messages over 1 MB; half leaves room for one item of the largest size. */
export const answerBytesMax = 512 * 1024;

/** The longest head of `items` that fits one answer as JSON; never empty where `items` isn't. */
export const fittingAnswer = <T>(items: readonly T[]): readonly T[] => {
  let bytes = 0;
  const end = items.findIndex((item, i) => (bytes += Buffer.byteLength(JSON.stringify(item))) > answerBytesMax && i > 0);
  return end === -1 ? items : items.slice(0, end);
};
