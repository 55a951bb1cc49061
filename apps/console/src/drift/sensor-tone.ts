import type { DriftRunView } from '@lapidary/contracts/api/drift';

/** What the dot before a sensor says: that it sees, and that there was something it could look at. */
export const sensorTone = ({ looked, skipped, canary }: Pick<DriftRunView['sensors'][number], 'looked' | 'skipped' | 'canary'>): string =>
  canary === 'found' && looked === 0 && skipped.length > 0 ? 'hold' : canary;
