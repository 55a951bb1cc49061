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
  /** For how long the agent has been saying that its workload does not answer; null: it answers. */
  readonly workloadSilentMs: number | null;
  readonly previousReason: string | null;
}

export interface Assessed {
  readonly health: StampHealth;
  /** What is amiss although the agent is heard. */
  readonly reason: string | null;
}

export const workloadSilent = 'its workload does not answer';

/** P-HB2: suspected and dead differ. */
const fromSilence = (silentMs: number, { suspectedMs, deadMs }: SilenceLimits): StampHealth => {
  if (silentMs > deadMs) return 'dead';
  return silentMs > suspectedMs ? 'suspected' : 'healthy';
};

/**
 * Health after a look. Silence counts only while somebody listened: a monitor that has just started, or that lost its
 * NATS, judges by its own listening time and makes nobody worse for the time before (P-HB4); nor does it clear anybody
 * whom it has not heard. A workload that does not answer its agent for as long as silence would be suspicious is as suspicious; never
 * dead, for somebody tells of it (ADR 99). A change for the better waits until the stamp has stood for a few beats (P-HB5).
 */
export const assess = (seen: Observed): Assessed => {
  const { previous, previousForMs, ageMs, intervalMs, limits, listeningMs } = seen;
  if (ageMs === null) return { health: 'unknown', reason: null };
  const hasBeenHeard = ageMs <= listeningMs;
  const bySilence = fromSilence(Math.min(ageMs, listeningMs), limits);
  if (!hasBeenHeard) {
    const isWorse = healthRank[bySilence] > healthRank[previous];
    return isWorse ? { health: bySilence, reason: null } : { health: previous, reason: seen.previousReason };
  }
  const isWorkloadSilent = (seen.workloadSilentMs ?? 0) > limits.suspectedMs;
  const judged = bySilence === 'healthy' && isWorkloadSilent ? 'suspected' : bySilence;
  const isRecovery = previous !== 'unknown' && healthRank[judged] < healthRank[previous];
  const health = isRecovery && previousForMs < dwellBeats * intervalMs ? previous : judged;
  if (health !== 'suspected' || bySilence !== 'healthy') return { health, reason: null };
  return { health, reason: isWorkloadSilent ? workloadSilent : seen.previousReason };
};
