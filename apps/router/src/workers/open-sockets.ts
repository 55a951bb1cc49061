/** The sockets that workers share. */
const shared = { http: 0, tls: 1 } as const;

/** For each socket a bit for each worker (64 of them) that may accept from it. */
export const createOpenSockets = (): SharedArrayBuffer =>
  new SharedArrayBuffer(Object.keys(shared).length * BigInt64Array.BYTES_PER_ELEMENT);

const bitOf = (worker: number): bigint => 1n << BigInt(worker);

/** Before the worker is started. */
export const opensAll = (memory: SharedArrayBuffer, worker: number): void => {
  const words = new BigInt64Array(memory);
  for (const word of Object.values(shared)) Atomics.or(words, word, bitOf(worker));
};

/**
 * Of a worker that closes its descriptor in this turn of its loop, or keeps it until it is alone: whether nobody else accepts any more. Of several that leave
 * at once one is told so, and the others accept nothing from here on, since they have not turned when they have closed.
 */
export const closesLast = (memory: SharedArrayBuffer, socket: keyof typeof shared, worker: number): boolean => {
  const before = Atomics.and(new BigInt64Array(memory), shared[socket], ~bitOf(worker));
  return BigInt.asUintN(64, before & ~bitOf(worker)) === 0n;
};

/** For whoever sees that the worker is gone; whether it had left or died. */
export const closedAll = (memory: SharedArrayBuffer, worker: number): void => {
  for (const socket of Object.keys(shared) as (keyof typeof shared)[]) closesLast(memory, socket, worker);
};
