import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { subjectOf, type CollectionTransaction, type DocumentKey, type Site } from '@lapidary/replication/collections/collection-store';
import { policyFor } from '@lapidary/replication/collections/definitions';
import { commitGeneration, proposeGeneration } from '@lapidary/replication/collections/generation-steps';
import { isStable } from '@lapidary/replication/stability';
import { systemContext } from '../http/command-context.js';
import { readOrigin } from '../outbox/outbox-rows.js';
import { holdResidencies } from '../residency/holding.js';
import { tickOf } from './collection-tools.js';
import { PostgresCollections } from './postgres-collections.js';
import type { RetentionTools } from './purge-tombstones.js';
import { readStability } from './stability-rows.js';
import { unlessUnreadable } from './unreadable.js';

export interface HistoryTools extends RetentionTools {
  readonly nested: Site['nested'];
}

/** A round's worth: each is one transaction of some milliseconds, and the next round is ten minutes off. */
const renewedAtOnceMax = 500;

type Step = (store: CollectionTransaction, key: DocumentKey) => Promise<string | null>;

/** One step of one document, in a transaction of its own; false where there was nothing to do any more, or it may not be here (I3). */
const stepOne = async (tools: HistoryTools, key: DocumentKey, step: Step): Promise<boolean> =>
  await inTransaction(tools.dataSource, async (tx: Tx) => {
    if ((await holdResidencies(tx, [key.tenant])).size > 0) return false;
    const store = new PostgresCollections(tx, tools.clock, contextOf(tools));
    return (await unlessUnreadable(async () => step(store, key))) !== null;
  });

const contextOf = ({ region }: HistoryTools) => systemContext(region, 'histories', newId());
const count = (done: readonly boolean[]): number => done.filter(Boolean).length;

/** Whether every other region knows of histories: one that does not would go on in the old one. */
const areUnderstood = async ({ dataSource, peers }: HistoryTools): Promise<boolean> =>
  (await rowsOf(dataSource, 'SELECT 1 FROM region_knowledge WHERE histories AND region = ANY ($1)', [peers])).length === peers.length;

/**
 * Proposes that long histories begin anew. One region does it, so that proposals seldom meet: of a tenant's documents its home region, of
 * the fleet's the first by name. Returns how many.
 */
export const proposeHistories = async (tools: HistoryTools): Promise<number> => {
  if (!(await areUnderstood(tools))) return 0;
  const { region, peers, dataSource } = tools;
  const due = await rowsOf<DocumentKey>(
    dataSource,
    `SELECT collection, kind, tenant, id FROM document
      WHERE history_due AND exists AND (tenant = '' AND $2 OR tenant IN (SELECT t.id FROM tenant t WHERE t.home_region = $1)) LIMIT $3`,
    [region, [region, ...peers].sort()[0] === region, renewedAtOnceMax],
  );
  const by = contextOf(tools);
  const done: boolean[] = [];
  for (const key of due) {
    const site = siteFor(tools);
    done.push(
      await stepOne(tools, key, async (store) =>
        proposeGeneration(store, site, key, await policyFor(store, key.collection, key.kind), peers, by),
      ),
    );
  }
  return count(done);
};

/** Ends histories that everybody knows the next one of (G4). Returns how many. */
export const commitHistories = async (tools: HistoryTools): Promise<number> => {
  const { region, peers, dataSource } = tools;
  const proposed = await rowsOf<DocumentKey & { readonly next: string }>(
    dataSource,
    `SELECT collection, kind, tenant, id, state->'next'->>'id' AS next FROM document
      WHERE history_next AND substr(state->'next'->>'id', 20) = $1 LIMIT $2`,
    [region, renewedAtOnceMax],
  );
  if (proposed.length === 0) return 0;
  const { known, declared } = await readStability(dataSource);
  const { epoch } = await readOrigin(dataSource);
  const by = contextOf(tools);
  const done: boolean[] = [];
  for (const { next, ...key } of proposed) {
    const sequence = await toldAt(tools, key, next);
    if (sequence === null || !isStable({ [region]: { epoch, sequence } }, peers, declared, known)) continue;
    const site = siteFor(tools);
    done.push(
      await stepOne(tools, key, async (store) =>
        commitGeneration(store, site, key, await policyFor(store, key.collection, key.kind), next, by),
      ),
    );
  }
  return count(done);
};

/** Where in the log a proposal was told; null while it has no place yet. Its last repetition, with all of the document, is on the safe side. */
const toldAt = async ({ dataSource }: HistoryTools, key: DocumentKey, next: string): Promise<number | null> => {
  const [row] = await rowsOf<{ sequence: string | null }>(
    dataSource,
    `SELECT max(n.sequence) AS sequence FROM outbox o LEFT JOIN outbox_number n ON n.position = o.position
      WHERE subject = $1 AND data->'change'->'next'->>'id' = $2 AND data->'change'->'next'->'covers' IS NOT NULL
     HAVING bool_and(n.sequence IS NOT NULL)`,
    [subjectOf(key), next],
  );
  const at = row?.sequence ?? null;
  return at === null ? null : Number(at);
};

const siteFor = ({ region, nested, clock }: HistoryTools): Pick<Site, 'region' | 'nested' | 'tick'> => ({
  region,
  nested,
  tick: tickOf(clock),
});
