import { numberOf } from '../reading.js';
import type { PolicyRule } from '../policy-rule.js';
import { types } from '../resource-types.js';

/** A quarter: longer than the slowest investigation. */
export const logDaysMin = 90;
/** Logs name people; law asks for an end (GDPR art. 5(1)(e)), and 13 months cover a year's comparison. */
export const logDaysMax = 400;

export const logRetention: PolicyRule = {
  name: 'log-retention',
  level: 'mandatory',
  description: `Logs are kept for ${logDaysMin} to ${logDaysMax} days: long enough to investigate, and then no longer`,
  resourceTypes: [types.logGroup],
  check(resource) {
    const days = numberOf(resource, 'retentionInDays') ?? 0;
    if (days === 0) return 'retentionInDays is not set: logs would be kept for ever';
    return days >= logDaysMin && days <= logDaysMax ? undefined : `retentionInDays is ${days}, not between ${logDaysMin} and ${logDaysMax}`;
  },
};
