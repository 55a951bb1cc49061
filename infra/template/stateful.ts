import { types } from '../policy/resource-types.js';

/**
 * Types whose replacement or deletion loses data that nothing else in the stack can make again. They are protected by the
 * template, and a plan that replaces or deletes one needs approval by name.
 */
const statefulTypes: ReadonlySet<string> = new Set([
  types.database,
  types.cache,
  types.fileSystem,
  types.bucket,
  // Without its key everything that was encrypted under it is noise, snapshots included.
  types.key,
  types.repository,
  types.secret,
  'aws:rds/cluster:Cluster',
  'aws:dynamodb/table:Table',
  // Tenants reach their stamp by names in it; a zone that is made again has other name servers.
  'aws:route53/zone:Zone',
  // The stamp's own database on this machine.
  'lapidary:local:Database',
]);

export const isStateful = (type: string): boolean => statefulTypes.has(type);
