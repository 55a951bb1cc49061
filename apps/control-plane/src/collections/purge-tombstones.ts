import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Reader, type Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import type { DocumentKey } from '@lapidary/replication/collections/collection-store';
import { purgedKinds } from '@lapidary/replication/collections/graves';
import { purgeDocument } from '@lapidary/replication/collections/purge-document';
import { holdingBack, ofRegions } from '@lapidary/replication/stability';
import type { DataSource } from 'typeorm';
import { systemContext } from '../http/command-context.js';
import { readRecovery } from '../fence/recovery-rows.js';
import { recordEvent } from '../outbox/record-event.js';
import { tickOf } from './collection-tools.js';
import { PostgresCollections } from './postgres-collections.js';
import { knownWithoutHoles, readStability, stableDeclaration } from './stability-rows.js';
import { lockHere } from './stored-documents.js';
import { unlessUnreadable } from './unreadable.js';

export interface RetentionTools {
  readonly region: string;
  /** The other regions: all of them must know a delete before it is purged. */
  readonly peers: readonly string[];
  readonly dataSource: DataSource;
  readonly clock: HybridLogicalClock;
}

/** One transaction's worth. */
const purgedAtOnceMax = 100;
/** Declarations that may still become stable; older ones are covered by these. Ten hours of a cut, and then one step more at the heal. */
const ownKeptMax = 64;

/**
 * Tells the others what this region knows now; they purge, forget and commit by it. One that was opened without some region says nothing until that was heard,
 * which may have a write of this region that it has lost itself (G6); one that is fenced could not (B1).
 */
export const declareKnowledge = async ({ dataSource, clock, region }: RetentionTools): Promise<void> =>
  await inTransaction(dataSource, async (tx) => {
    if ((await readRecovery(tx)).state !== 'sound') return;
    const known = await knownWithoutHoles(tx);
    const context = systemContext(region, 'retention', newId());
    const event = await recordEvent(tx, context, clock, 'lapidary.region.knows.v1', `region-knows/${region}`, {
      known: { ...known },
      histories: true,
      purges: [...purgedKinds],
      drops: true,
    });
    await tx.query('INSERT INTO own_knowledge (event, known) VALUES ($1, $2::jsonb)', [event, JSON.stringify(known)]);
    await tx.query('DELETE FROM own_knowledge WHERE event NOT IN (SELECT event FROM own_knowledge ORDER BY declared_at DESC LIMIT $1)', [
      ownKeptMax,
    ]);
  });

/** Since when nothing may have happened to a tombstone: null where no declaration of this region is stable yet. */
const settledBefore = async (tools: RetentionTools, marginMs: number): Promise<Date | null> => {
  const stable = stableDeclaration(await readStability(tools.dataSource), tools.peers);
  // A transaction that was open while it was declared may have written before and committed after.
  return stable ? new Date(stable.declaredAt.getTime() - marginMs) : null;
};

/** Longer than regions take to say what they know, and to hear it, several times over. */
const silentMs = 3_600_000;

/** Regions that do not let anything be purged, because they have not said for long what they know; with when they last did. */
export const regionsHoldingBack = async (
  reader: Reader,
  peers: readonly string[],
  nowMs: number = Date.now(),
): Promise<ReadonlyMap<string, Date | null>> => {
  const { region: here, known, declared, own } = await readStability(reader);
  const old = own.find(({ declaredAt }) => declaredAt.getTime() <= nowMs - silentMs);
  if (!old) return new Map();
  const living = ofRegions(old.known, [here, ...peers]);
  return new Map(holdingBack(living, peers, declared, known).map((region) => [region, declared.get(region)?.declaredAt ?? null]));
};

/** Kinds whose purges every other region takes as such: one of an older version keeps the row, and goes on with what it was. */
const understoodKinds = async (tx: Tx, peers: readonly string[]): Promise<string[]> => {
  const rows = await rowsOf<{ purges: string[] }>(tx, 'SELECT purges FROM region_knowledge WHERE region = ANY ($1)', [peers]);
  return purgedKinds.filter((kind) => rows.every(({ purges }) => purges.includes(kind)));
};

/** Who deleted purges; in place of a region that is no more, the first by name. */
const candidates = async (
  tx: Tx,
  { region, peers }: RetentionTools,
  days: number,
  before: Date,
  among: readonly DocumentKey[] | null,
): Promise<DocumentKey[]> => {
  const regions = [region, ...peers].sort();
  const rows = await rowsOf<DocumentKey>(
    tx,
    `SELECT collection, kind, tenant, id FROM document
      WHERE NOT exists AND kind = ANY ($8) AND updated_at < $1 AND updated_at < clock_timestamp() - make_interval(days => $2)
        AND (substr(latest, 20) = $3 OR ($4 AND substr(latest, 20) <> ALL ($5::text[])))
        AND ($6::text[] IS NULL OR collection || ' ' || tenant || ' ' || id = ANY ($6))
      ORDER BY updated_at LIMIT $7`,
    [
      before,
      days,
      region,
      regions[0] === region,
      regions,
      among?.map((k) => `${k.collection} ${k.tenant} ${k.id}`) ?? null,
      purgedAtOnceMax,
      await understoodKinds(tx, peers),
    ],
  );
  return rows;
};

/**
 * Purges tombstones that are older than `days`, and that every region knows as they are (libs/replication/src/collections/graves.ts).
 * Returns how many.
 */
export const purgeTombstones = async (tools: RetentionTools, days: number, marginMs: number): Promise<number> => {
  const before = await settledBefore(tools, marginMs);
  if (before === null) return 0;
  let purged = 0;
  for (let more = true; more;) {
    const count = await inTransaction(tools.dataSource, async (tx) => {
      const found = await candidates(tx, tools, days, before, null);
      const here = await lockHere(tx, found);
      // Looked at again now that nobody else writes them: one that was written, and deleted again, is another tombstone.
      const still = await candidates(tx, tools, days, before, here);
      const context = systemContext(tools.region, 'retention', newId());
      const store = new PostgresCollections(tx, tools.clock, context);
      const site = { region: tools.region, tick: tickOf(tools.clock) };
      let done = 0;
      for (const key of still) {
        const by = { origin: tools.region, actor: context.actor, requestId: context.requestId };
        if ((await unlessUnreadable(async () => purgeDocument(store, site, key, tools.peers, by))) !== null) done++;
      }
      return done;
    });
    purged += count;
    more = count === purgedAtOnceMax;
  }
  return purged;
};
