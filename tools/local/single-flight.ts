const inFlight = new Map<string, Promise<unknown>>();

/** Two regions that need the same thing made at the same time: made once, both get it. After it is done, the next call runs anew. */
export const singleFlight = <T>(key: string, work: () => Promise<T>): Promise<T> => {
  const running = inFlight.get(key) as Promise<T> | undefined;
  if (running) return running;
  const started = work().finally(() => inFlight.delete(key));
  inFlight.set(key, started);
  return started;
};
