import { driftSeverities, type DriftRunView, type FindingView } from './drift.js';

/** The worst first, then the oldest. */
export const byWeight = (a: FindingView, b: FindingView): number =>
  driftSeverities.indexOf(b.severity) - driftSeverities.indexOf(a.severity) ||
  a.firstSeen.localeCompare(b.firstSeen) ||
  a.id.localeCompare(b.id);

/** What a run could not look at, or must not yet: of these nothing is said by there being no finding. `<sensor> of <subject>`. */
export const notLookedAt = ({ sensors }: Pick<DriftRunView, 'sensors'>): string[] =>
  sensors.flatMap(({ kind, skipped }) => skipped.map(({ subject }) => `${kind} of ${subject}`));
