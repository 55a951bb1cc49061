import type { PolicyRule, StackPolicyRule } from './policy-rule.js';
import { allowedRegions } from './rules/allowed-regions.js';
import { backups } from './rules/backups.js';
import { costClass } from './rules/cost-class.js';
import { deletionProtection } from './rules/deletion-protection.js';
import { encryptionAtRest } from './rules/encryption-at-rest.js';
import { encryptionInTransit } from './rules/encryption-in-transit.js';
import { storesKept } from './rules/stores-kept.js';
import { keyRotation } from './rules/key-rotation.js';
import { leastPrivilege } from './rules/least-privilege.js';
import { logRetention } from './rules/log-retention.js';
import { monthlyCost } from './rules/monthly-cost.js';
import { multiAzInProduction } from './rules/multi-az-in-production.js';
import { noOpenIngress } from './rules/no-open-ingress.js';
import { noPlainSecret } from './rules/no-plain-secret.js';
import { noPublicDatabase } from './rules/no-public-database.js';
import { statefulProtected } from './rules/stateful-protected.js';
import { tags } from './rules/tags.js';
import { twoZones } from './rules/two-zones.js';

/** Every rule, in the order in which they are told. */
export const resourceRules: readonly PolicyRule[] = [
  allowedRegions,
  encryptionAtRest,
  encryptionInTransit,
  noPublicDatabase,
  noOpenIngress,
  noPlainSecret,
  leastPrivilege,
  keyRotation,
  multiAzInProduction,
  backups,
  deletionProtection,
  statefulProtected,
  logRetention,
  tags,
  costClass,
];

export const stackRules: readonly StackPolicyRule[] = [twoZones, storesKept, monthlyCost];
