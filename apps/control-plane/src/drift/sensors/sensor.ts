import { toAppError } from '@lapidary/kernel/app-error';
import { isUnknownForm } from '../../digests/peer-digests.js';
import type { DriftKind, Look, Skip } from '../difference.js';
import { subjectOf, type DriftFacts, type StampFacts, type World } from '../drift-facts.js';

export interface SensorInput {
  readonly facts: DriftFacts;
  readonly world: World;
  readonly signal: AbortSignal;
  /** Of this run, for what a sensor plants for itself. */
  readonly nonce: string;
  /** One stamp is looked at, and nothing beyond it. */
  readonly isOfOneStamp: boolean;
}

/** What of the facts is read only where a sensor of the run needs it; rows of stamps always are. */
export type FactPart = 'desired' | 'placement' | 'routes' | 'schema' | 'upkeep';

/**
 * One way of looking. It yields its looks as it has them, so that what was found stands although a later subject takes long.
 * A subject that can't be looked at is skipped with the reason, never left out: silence would be taken for order.
 */
export interface Sensor {
  readonly kind: DriftKind;
  readonly reads: readonly FactPart[];
  look(input: SensorInput): AsyncIterable<Look> | Iterable<Look>;
}

/** Links are cut; regions, routers and agents are stopped or have too much to do: each stands on its own then (P-GE6), and no sensor is at fault. */
const isAway = new Set(['not_ready', 'timeout', 'region_unreachable', 'overloaded']);

/** The look at somebody who did not answer, or not what was asked: that ends with nobody's being back. */
export const unanswered = (kind: DriftKind, subject: string, error: unknown): Look => {
  const failure = toAppError(error);
  const isFault = !isAway.has(failure.code) || isUnknownForm(failure);
  return { kind, looked: [], skipped: [{ subject, why: failure.message, isFault }], differences: [] };
};

/**
 * Which stamps can be looked at. A retired one is in order by definition: what stood of it is resolved. What is not built, or
 * is being changed, is left for later.
 */
export const sortStamps = (stamps: readonly StampFacts[]) => {
  const skipped: Skip[] = [];
  const retired: string[] = [];
  const live: StampFacts[] = [];
  for (const stamp of stamps) {
    const subject = subjectOf(stamp.name);
    if (stamp.status === 'retired') retired.push(subject);
    else if (stamp.inProgress !== null) skipped.push({ subject, why: stamp.inProgress, isFault: false });
    else if (stamp.status !== 'active') skipped.push({ subject, why: `is ${stamp.status}`, isFault: false });
    else live.push(stamp);
  }
  return { live, retired, skipped };
};
