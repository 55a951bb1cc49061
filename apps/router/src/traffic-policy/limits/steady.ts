/** Time in which buckets that workers share are kept: 32 bits of it are 18 hours. A finer unit would come round sooner. */
export const unitsPerMs = 64;
/** A bucket that takes longer to drain could not be told from one that has drained while the units came round: 70 minutes. */
const drainUnitsMax = 2 ** 28;

/** A limit that is a steady rate with room for a burst, as the generic cell rate algorithm (ITU-T I.371) takes it. */
export interface Steady {
  /** Units of time for each request; a fraction, and less than one for a fast limit. */
  readonly each: number;
  /** Of a bucket that is full. */
  readonly room: number;
  /** Whoever is let through has to wait until what is before it has drained. */
  readonly isHeldBack: boolean;
}

/** null: it takes too long to drain. */
export const steadyOf = (perSecond: number, burst: number, isHeldBack: boolean): Steady | null => {
  const each = (1000 * unitsPerMs) / perSecond;
  return each * burst > drainUnitsMax ? null : { each, room: each * burst, isHeldBack };
};
