import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import type { EventData } from '@lapidary/contracts/events/registry';
import type { KnownEvents } from '@lapidary/replication/digest/vector-cover';
import { isStable, ofRegions, type Declaration } from '@lapidary/replication/stability';
import { readOrigin } from '../outbox/outbox-rows.js';
import { allowedIn } from '../residency/holding.js';

/**
 * What this region knows of each region's events without a hole: a change of a document that is held for its time, parked, or owed and
 * may be here, ends what is known of its origin. Its own: what is numbered.
 */
export const knownWithoutHoles = async (reader: Reader): Promise<KnownEvents> => {
  const rows = await rowsOf<{ origin: string; epoch: number; sequence: string }>(
    reader,
    `SELECT v.origin, v.epoch, least(v.sequence, (
        SELECT min(m.sequence) - 1 FROM (
          SELECT origin, (event->>'originepoch')::int AS epoch, (event->>'originsequence')::bigint AS sequence FROM held_change
          UNION ALL
          SELECT origin, epoch, sequence FROM dead_letter
           WHERE state IN ('open', 'waiting') AND (subject = 'unreadable' OR starts_with(subject, 'document/'))
          UNION ALL
          SELECT w.origin, w.epoch, w.first_sequence FROM withheld_change w JOIN tenant t ON t.id = w.tenant
            CROSS JOIN origin o LEFT JOIN region r ON r.name = o.region WHERE ${allowedIn('t', 'r')}
        ) AS m WHERE m.origin = v.origin AND m.epoch = v.epoch)) AS sequence
       FROM version_vector v WHERE v.epoch > 0`,
  );
  const own = await readOrigin(reader);
  return {
    ...Object.fromEntries(rows.map((r) => [r.origin, { epoch: r.epoch, sequence: Number(r.sequence) }])),
    [own.region]: { epoch: own.epoch, sequence: own.sequence },
  };
};

export interface OwnDeclaration {
  readonly known: KnownEvents;
  readonly declaredAt: Date;
}

export interface Stability {
  /** This one. */
  readonly region: string;
  readonly known: KnownEvents;
  /** By region, what it said last; without this one. */
  readonly declared: ReadonlyMap<string, Declaration & { readonly declaredAt: Date }>;
  /** The newest first. */
  readonly own: readonly OwnDeclaration[];
}

/** What everybody is known to know; of one moment only in a transaction that is repeatable read. Older is on the safe side. */
export const readStability = async (reader: Reader): Promise<Stability> => {
  const declared = await rowsOf<{ region: string; epoch: number; sequence: string; known: KnownEvents; declared_at: Date }>(
    reader,
    'SELECT region, epoch, sequence, known, declared_at FROM region_knowledge',
  );
  const own = await rowsOf<{ known: KnownEvents; declared_at: Date }>(
    reader,
    'SELECT known, declared_at FROM own_knowledge ORDER BY declared_at DESC',
  );
  return {
    region: (await readOrigin(reader)).region,
    known: await knownWithoutHoles(reader),
    declared: new Map(
      declared.map(({ region, epoch, sequence, known, declared_at: declaredAt }) => [
        region,
        { epoch, sequence: Number(sequence), known, declaredAt },
      ]),
    ),
    own: own.map(({ known, declared_at: declaredAt }) => ({ known, declaredAt })),
  };
};

/** The newest that this region has said and that is stable; of regions that are no more, what is known of them is not asked for (ofRegions). */
export const stableDeclaration = ({ region, known, declared, own }: Stability, peers: readonly string[]): OwnDeclaration | undefined =>
  own.find((said) => isStable(ofRegions(said.known, [region, ...peers]), peers, declared, known));

/** Another region has said what it knows. */
export const noteDeclaration = async (
  tx: Tx,
  event: EventEnvelope,
  { known, histories, purges, drops }: Pick<EventData<'lapidary.region.knows.v1'>, 'known' | 'histories' | 'purges' | 'drops'>,
): Promise<void> => {
  await tx.query(
    `INSERT INTO region_knowledge AS k (region, epoch, sequence, known, declared_at, histories, purges, drops) VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8)
     ON CONFLICT (region) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence, known = excluded.known, declared_at = excluded.declared_at,
       histories = excluded.histories, purges = excluded.purges, drops = excluded.drops
       WHERE (k.epoch, k.sequence) < (excluded.epoch, excluded.sequence)`,
    [
      event.originregion,
      event.originepoch,
      event.originsequence,
      JSON.stringify(known),
      event.time,
      histories === true,
      purges ?? ['lww'],
      drops === true,
    ],
  );
};
