import {
  givenUpStates,
  type GivenUpRegion,
  type GivenUpStanding,
  type RegionWord,
  type VoidGivenUp,
} from '@lapidary/contracts/api/given-up-regions';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { heirOf, holding, lostRegions, missing, waitingFor, type Told } from '@lapidary/replication/given-up';

/** A decision and what was said of it, as they were told. */
export interface ToldDecision extends Told {
  readonly decision: GivenUpRegion;
  readonly words: readonly RegionWord[];
}

/** All that this region knows of regions that were given up; there are never many. */
export const readGivenUp = async (reader: Reader): Promise<readonly ToldDecision[]> =>
  await rowsOf<ToldDecision>(
    reader,
    `SELECT g.told AS decision, coalesce((SELECT jsonb_agg(w.told ORDER BY w.region, w.answer) FROM given_up_word w WHERE w.decision = g.id), '[]') AS words
       FROM given_up_region g ORDER BY g.id`,
  );

/** As isFinal and isVoid of libs/replication/src/given-up.ts, of the decision `g`. */
const isFinalSql = `EXISTS (SELECT 1 FROM given_up_word n WHERE n.decision = g.id AND n.answer NOT IN ('objects', 'agrees'))`;
const isVoidSql = `(EXISTS (SELECT 1 FROM given_up_word n WHERE n.decision = g.id AND n.answer = 'objects') AND NOT ${isFinalSql})`;

/** Facts: whoever is told one again knows it already. */
export const keepWord = async (tx: Tx, decision: GivenUpRegion, word: RegionWord): Promise<void> => {
  await tx.query('INSERT INTO given_up_region (id, region, told) VALUES ($1, $2, $3::jsonb) ON CONFLICT (id) DO NOTHING', [
    decision.id,
    decision.region,
    JSON.stringify(decision),
  ]);
  await tx.query('INSERT INTO given_up_word (decision, region, answer, told) VALUES ($1, $2, $3, $4::jsonb) ON CONFLICT DO NOTHING', [
    decision.id,
    word.region,
    word.answer,
    JSON.stringify(word),
  ]);
  // RG2, RG10: also of who has forgotten that it agreed.
  await tx.query(
    `INSERT INTO version_vector AS v (origin, epoch, sequence, fenced)
     SELECT g.region, 0, 0, true FROM given_up_region g JOIN origin o ON o.region <> g.region WHERE g.id = $1 AND ${isFinalSql}
     ON CONFLICT (origin) DO UPDATE SET fenced = true WHERE NOT v.fenced`,
    [decision.id],
  );
  // RG2, RG7: an objection lifts what an agreement, or having been given up, had shut.
  await tx.query(
    `UPDATE version_vector v SET fenced = false WHERE v.origin = $1 AND v.fenced AND NOT EXISTS (
       SELECT 1 FROM given_up_region g WHERE g.region = $1 AND NOT ${isVoidSql} AND (${isFinalSql} OR EXISTS (
         SELECT 1 FROM given_up_word own JOIN origin o ON o.region = own.region WHERE own.decision = g.id AND own.answer = 'agrees')))`,
    [decision.region],
  );
  await tx.query(
    `UPDATE recovery SET given_up = now.given_up FROM (
       SELECT EXISTS (SELECT 1 FROM given_up_region g JOIN origin o ON o.region = g.region
                       WHERE NOT ${isVoidSql}) AS given_up) AS now
      WHERE recovery.given_up <> now.given_up`,
  );
};

/** Regions that all who remain agree are lost: nothing of their logs is taken in any more, by anybody (RG2). */
export const regionsLost = async (reader: Reader): Promise<ReadonlySet<string>> => lostRegions(await readGivenUp(reader));

/** The decision about a region that holds; null where none does. */
export const decisionOn = async (reader: Reader, region: string): Promise<ToldDecision | null> =>
  holding(await readGivenUp(reader)).find((told) => told.decision.region === region) ?? null;

/**
 * Whether `heir` may speak for what `region` left: it said that it inherits, which it says only once all have agreed, and in its own log before anything else of it. Through
 * those that were given up in between, too.
 */
export const inheritsFrom = async (reader: Reader, region: string, heir: string): Promise<boolean> => {
  const rows = await rowsOf(
    reader,
    `WITH RECURSIVE heirs(region) AS (
       SELECT w.region FROM given_up_region g JOIN given_up_word w ON w.decision = g.id AND w.answer = 'inherits' WHERE g.region = $1
       UNION SELECT w.region FROM heirs h JOIN given_up_region g ON g.region = h.region JOIN given_up_word w ON w.decision = g.id AND w.answer = 'inherits')
     SELECT 1 FROM heirs WHERE region = $2`,
    [region, heir],
  );
  return rows.length > 0;
};

export interface RegionDecisions {
  readonly standings: ReadonlyMap<string, GivenUpStanding>;
  /** By region, the last decision about it where none holds. */
  readonly voids: ReadonlyMap<string, VoidGivenUp>;
}

/** All that was decided of regions, for people. */
export const regionDecisions = async (reader: Reader): Promise<RegionDecisions> => {
  const all = await readGivenUp(reader);
  const standings = await standingsOf(reader, all);
  const voids = all
    .filter(({ decision }) => !standings.has(decision.region))
    .sort((a, b) => (a.decision.at < b.decision.at ? -1 : 1))
    .map(({ decision, words }): [string, VoidGivenUp] => {
      const objectors = words.filter((w) => w.answer === 'objects').map((w) => w.region);
      return [decision.region, { ...decision, objectors }];
    });
  return { standings, voids: new Map(voids) };
};

/** How each region that was given up stands. */
export const givenUpStandings = async (reader: Reader): Promise<ReadonlyMap<string, GivenUpStanding>> =>
  await standingsOf(reader, await readGivenUp(reader));

const standingsOf = async (reader: Reader, all: readonly ToldDecision[]): Promise<ReadonlyMap<string, GivenUpStanding>> => {
  if (all.length === 0) return new Map();
  const returned = await rowsOf<{ origin: string; at: Date }>(
    reader,
    'SELECT origin, returned_at AS at FROM version_vector WHERE returned_at IS NOT NULL AND fenced',
  );
  const returnedAt = new Map(returned.map(({ origin, at }) => [origin, at.toISOString()]));
  const without = missing(all);
  return new Map(
    holding(all).map((told): [string, GivenUpStanding] => {
      const { decision, words } = told;
      const agreed = (without.get(decision.region) ?? []).length === 0;
      const inherited = words.some((w) => w.answer === 'inherited');
      const heir = heirOf(decision.region, all);
      const state: (typeof givenUpStates)[number] = inherited ? 'inherited' : agreed ? 'agreed' : 'declared';
      const waits = inherited ? [] : waitingFor(told, all);
      const waiting = waits.length === 0 && !inherited && heir !== null ? [heir] : [...waits];
      const heard = words.filter((w) => w.answer === 'agrees').map((w) => ({ region: w.region, ...w.heard }));
      const unsettled = words.filter((w) => w.unsettled === true).map((w) => w.region);
      return [
        decision.region,
        { ...decision, state, waitingFor: waiting, returnedAt: returnedAt.get(decision.region) ?? null, heard, unsettled },
      ];
    }),
  );
};
