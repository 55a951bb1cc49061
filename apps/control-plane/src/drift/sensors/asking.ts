import { toAppError, type AppError } from '@lapidary/kernel/app-error';
import type { DriftKind, Look, PathDifference, Severity } from '../difference.js';
import { ownerOf, subjectOf, type RegionFacts, type StampFacts } from '../drift-facts.js';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { sortStamps, type SensorInput } from './sensor.js';

export type Found = PathDifference & { readonly severity: Severity };

/** Somebody else is at the stack, or there is too much to do: not the stamp's fault and not the sensor's. */
const isBusy = (error: AppError): boolean =>
  error.code === 'overloaded' || error.code === 'not_ready' || error.details['engineCode'] === 'locked';

/**
 * For sensors that ask the outside about each stamp: one after the other, since a look must not take the machine from those
 * who work on it. A stamp that can't be answered for is skipped, as a fault unless somebody is only in the way.
 */
export async function* askEach(
  kind: DriftKind,
  { facts, signal }: SensorInput,
  ask: (stamp: StampFacts, spec: StampSpec, regionFacts: RegionFacts, templateVersion: string | null) => Promise<readonly Found[]>,
): AsyncGenerator<Look> {
  const { live, retired, skipped } = sortStamps(facts.stamps);
  yield { kind, looked: retired, skipped, differences: [] };
  for (const stamp of live) {
    signal.throwIfAborted();
    const subject = subjectOf(stamp.name);
    const desired = facts.desired.get(stamp.name);
    if (!desired?.ok) {
      // The sensor "spec" tells of it.
      yield { kind, looked: [], skipped: [{ subject, why: 'its spec is not valid', isFault: false }], differences: [] };
      continue;
    }
    try {
      const found = await ask(stamp, desired.spec, desired.regionFacts, desired.templateVersion);
      const owner = ownerOf(stamp, facts);
      yield { kind, looked: [subject], skipped: [], differences: found.map((d) => ({ ...d, kind, subject, owner })) };
    } catch (error) {
      signal.throwIfAborted();
      const failure = toAppError(error);
      yield { kind, looked: [], skipped: [{ subject, why: failure.message, isFault: !isBusy(failure) }], differences: [] };
    }
  }
}
