import type { stampHealths } from '@lapidary/contracts/api/stamps';
import type { SilenceLimits } from './phi-accrual.js';

export type StampHealth = (typeof stampHealths)[number];

/** A stamp that comes and goes is told of at this many beats' distance, not at each beat (P-HB5). */
const dwellBeats = 3;

/** Also the order of badness. */
export const healthRank: Readonly<Record<StampHealth, number>> = { unknown: 0, healthy: 1, suspected: 2, dead: 3 };

export interface Observed {
  readonly previous: StampHealth;
  /** Since `previous` began, as far as this monitor knows. */
  readonly previousForMs: number;
  /** Since the last heartbeat; null: never heard. */
  readonly ageMs: number | null;
  readonly intervalMs: number;
  /** How long this stamp may be silent (phi-accrual.ts). */
  readonly limits: SilenceLimits;
  /** For how long this monitor has been listening without a break. */
  readonly listeningMs: number;
}

/** P-HB2: suspected and dead differ. */
const fromSilence = (silentMs: number, { suspectedMs, deadMs }: SilenceLimits): StampHealth => {
  if (silentMs > deadMs) return 'dead';
  return silentMs > suspectedMs ? 'suspected' : 'healthy';
};

/**
 * Health after a look. Silence counts only while somebody listened: a monitor that has just started, or that lost its
 * NATS, judges by its own listening time and makes nobody worse for the time before (P-HB4); nor does it clear anybody
 * whom it has not heard. A change for the better waits until the stamp has stood for a few beats (P-HB5).
 */
export const assess = ({ previous, previousForMs, ageMs, intervalMs, limits, listeningMs }: Observed): StampHealth => {
  if (ageMs === null) return 'unknown';
  const hasBeenHeard = ageMs <= listeningMs;
  const judged = fromSilence(Math.min(ageMs, listeningMs), limits);
  if (!hasBeenHeard) return healthRank[judged] > healthRank[previous] ? judged : previous;
  const isRecovery = previous !== 'unknown' && healthRank[judged] < healthRank[previous];
  return isRecovery && previousForMs < dwellBeats * intervalMs ? previous : judged;
};
