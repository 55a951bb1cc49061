import { known, numberOf } from '../reading.js';
import type { PolicyRule } from '../policy-rule.js';
import { types } from '../resource-types.js';

/** A fault that shows only at a fortnightly closing can still be undone. */
export const backupDaysMin = 14;

const daysOf: Readonly<Record<string, string>> = { [types.database]: 'backupRetentionPeriod', [types.cache]: 'snapshotRetentionLimit' };

export const backups: PolicyRule = {
  name: 'backups',
  level: 'mandatory',
  description: `Data is backed up for at least ${backupDaysMin} days, and once more before it is deleted`,
  resourceTypes: [...Object.keys(daysOf), types.fileSystemBackup],
  check(resource) {
    if (resource.type === types.fileSystemBackup) {
      const policy = known(resource, 'backupPolicy');
      const status = typeof policy === 'object' && policy !== null && 'status' in policy ? policy.status : undefined;
      return status === 'ENABLED' ? undefined : 'the backup policy of the file system is not ENABLED';
    }
    const key = daysOf[resource.type] ?? '';
    const days = numberOf(resource, key) ?? 0;
    if (days < backupDaysMin) return `${key} is ${days}, at least ${backupDaysMin} days are asked for`;
    if (resource.type === types.database && known(resource, 'skipFinalSnapshot') !== false)
      return 'skipFinalSnapshot is not false: deleting it would delete the last copy';
    return undefined;
  },
};
