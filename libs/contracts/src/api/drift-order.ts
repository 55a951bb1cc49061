import { driftSeverities, type FindingView } from './drift.js';

/** The worst first, then the oldest. */
export const byWeight = (a: FindingView, b: FindingView): number =>
  driftSeverities.indexOf(b.severity) - driftSeverities.indexOf(a.severity) ||
  a.firstSeen.localeCompare(b.firstSeen) ||
  a.id.localeCompare(b.id);
