import type { StampObservation } from '@lapidary/contracts/api/observations';
import type { Check, RolloutView } from '@lapidary/contracts/api/rollouts';

/** What is wrong with a changed stamp, in words; null: nothing. */
export const ailmentOf = (seen: StampObservation, kind: RolloutView['kind'], target: string): string | null => {
  if (seen.health !== 'healthy') return `its heartbeats say ${seen.health}`;
  if (!seen.workloadHealthy) return 'its workload does not answer its health check';
  if (kind === 'workload' && seen.workloadVersion !== target)
    return `its workload says that it is ${seen.workloadVersion ?? 'nothing'}, not ${target}`;
  return null;
};

const isWell = (seen: StampObservation): boolean => seen.health === 'healthy' && seen.workloadHealthy;

export interface HealthGroups {
  /** Changed stamps, and since how long each is unwell in milliseconds; null: it is well. */
  readonly changed: readonly { readonly stamp: string; readonly unwellMs: number | null }[];
  readonly control: readonly StampObservation[];
  readonly unwellMsMax: number;
}

/** Heartbeats and health of changed stamps against those of the control group: what takes both down is not the roll-out's fault. */
export const compareHealth = ({ changed, control, unwellMsMax }: HealthGroups): Check & { readonly stamps: readonly string[] } => {
  const unwell = changed.filter((s) => s.unwellMs !== null);
  const lasting = unwell.filter((s) => s.unwellMs! >= unwellMsMax);
  const [mine, theirs] = [
    changed.length === 0 ? 0 : unwell.length / changed.length,
    control.length === 0 ? 0 : control.filter((s) => !isWell(s)).length / control.length,
  ];
  const of = (outcome: Check['outcome'], why: string): Check & { stamps: readonly string[] } => ({
    measure: 'health',
    outcome,
    why,
    changed: mine,
    control: control.length === 0 ? null : theirs,
    samples: { changed: changed.length, control: control.length },
    probability: null,
    stamps: lasting.map((s) => s.stamp),
  });
  if (unwell.length === 0) return of('pass', `${changed.length} of ${changed.length} are well`);
  const names = unwell.map((s) => s.stamp).join(', ');
  if (theirs > 0 && theirs >= mine) return of('hold', `${names} unwell, and as much of the control group`);
  if (lasting.length === 0) return of('hold', `${names} unwell for less than ${unwellMsMax / 1_000} s`);
  return of('fail', `${lasting.map((s) => s.stamp).join(', ')} unwell for ${unwellMsMax / 1_000} s or more`);
};
