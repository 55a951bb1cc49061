import type { DocumentKey } from '@lapidary/replication/collections/collection-store';
import { resolveDefinition } from '@lapidary/replication/collections/definitions';
import { ruleOf } from '@lapidary/replication/merge/lww';
import type { ResolveRule } from '@lapidary/replication/merge/resolve';
import type { MemoryDatabase } from './memory-collections.ts';

/** The rule by which this database resolves a field. */
export const policyOf = (database: MemoryDatabase, key: DocumentKey, field: string): ResolveRule => {
  const policy = resolveDefinition(database.definitions.get(key.collection) ?? null)?.definition.policy;
  return ruleOf(policy?.kind === 'lww' ? policy.rules : {}, field);
};
