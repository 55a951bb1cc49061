import type { Heartbeat } from '@lapidary/contracts/agent-protocol';
import { integerMax } from '@lapidary/db/integer-max';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { isKeptText } from '@lapidary/kernel/kept-text';
import { trafficSlotMs } from './traffic-window.js';

/** Processes that were not the present one of their stamp at the last write, between two writes. A region registers some ten in a second. */
export const strangersMax = 1_000;
/** No version, sum or digest of ours is longer. */
const textLengthMax = 200;
/** Of what no stamp of this region has said, in place of the name that it gave: names of nobody would fill memory and metrics. */
const nobody = 'unknown';

/** Each by the name of the stamp. */
export interface Flushed {
  readonly written: readonly string[];
  /** How many were refused: of another process than the present one, or nothing that the database can hold. */
  readonly refused: ReadonlyMap<string, number>;
  /** Of which an older process still beats, with the epoch that fences it. */
  readonly outdated: ReadonlyMap<string, number>;
}

interface Verdict {
  readonly stamp: string | null;
  readonly epoch: number | null;
  readonly claimed: number;
  readonly written: boolean;
}

/**
 * Takes heartbeats and writes the newest of each process in one statement, at most once a second however often they come. Agents share the
 * credentials by which they speak, so what one says of another's stamp counts for nothing until the database knows it: neither silences nor fences anybody.
 */
export class HeartbeatBook {
  private newest = new Map<string, Heartbeat>();
  /** By stamp: what could not be written. */
  private unfit = new Map<string, number>();
  private tooMany = 0;
  private strangers = 0;
  /** Whose last heartbeat was written: no flood of others keeps them out. */
  private known: ReadonlySet<string> = new Set();

  take(heartbeat: Heartbeat): void {
    const isFit = fits(heartbeat);
    const process = processOf(heartbeat);
    const before = isFit ? this.newest.get(process) : undefined;
    if (before && heartbeat.sequence <= before.sequence) return;
    if (!before && !this.known.has(process)) {
      if (this.strangers >= strangersMax) return void (this.tooMany += 1);
      this.strangers += 1;
    }
    if (isFit) this.newest.set(process, heartbeat);
    else countUp(this.unfit, heartbeat.stamp);
  }

  /**
   * Writes what came since the last time. Only the stamp's present process counts (P-HB3). Ages are measured by the database's clock at the
   * write, so the agents' clocks don't matter.
   */
  async flush(db: Pick<Tx, 'query'>): Promise<Flushed> {
    const [beats, unfit, tooMany] = [[...this.newest], this.unfit, this.tooMany];
    [this.newest, this.unfit, this.tooMany, this.strangers] = [new Map(), new Map(), 0, 0];
    const verdicts = beats.length === 0 ? [] : await write(db, beats);
    const refused = new Map<string, number>();
    const outdated = new Map<string, number>();
    for (const { stamp, epoch, claimed, written } of verdicts) {
      if (!written) countUp(refused, stamp ?? nobody);
      if (stamp !== null && claimed < epoch!) outdated.set(stamp, epoch!);
    }
    if (unfit.size > 0) {
      const names = await rowsOf<{ name: string }>(db, 'SELECT name FROM stamp WHERE name = ANY($1)', [[...unfit.keys()]]);
      const real = new Set(names.map(({ name }) => name));
      for (const [stamp, times] of unfit) countUp(refused, real.has(stamp) ? stamp : nobody, times);
    }
    if (tooMany > 0) countUp(refused, nobody, tooMany);
    this.known = new Set(verdicts.flatMap(({ written }, i) => (written ? [beats[i]![0]] : [])));
    return { written: verdicts.flatMap(({ stamp, written }) => (written ? [stamp!] : [])), refused, outdated };
  }
}

const countUp = (counts: Map<string, number>, name: string, times = 1): void => void counts.set(name, (counts.get(name) ?? 0) + times);

const processOf = ({ stamp, epoch, instanceId }: Heartbeat): string => `${stamp} ${epoch} ${instanceId}`;

/** Whether the database can hold it: one that it can't would take all that are written with it along. */
const fits = (b: Heartbeat): boolean =>
  [b.epoch, b.holding.count].every((n) => n <= integerMax) &&
  [b.instanceId, b.agentVersion, b.workload.version, b.holding.root, b.schemas].every(
    (text) => text === null || text === undefined || (text.length <= textLengthMax && isKeptText(text)),
  );

/** In the order of what was handed in. */
const write = async (db: Pick<Tx, 'query'>, beats: readonly (readonly [string, Heartbeat])[]): Promise<Verdict[]> =>
  await rowsOf<Verdict>(
    db,
    `WITH b AS (
       SELECT * FROM jsonb_to_recordset($1::jsonb) AS b(n int, stamp text, instance text, epoch int, sequence bigint, load jsonb, count int,
         as_of bigint, root text, schemas text, healthy boolean, version text, agent text, requests bigint, errors bigint, latency bigint[])
     ), written AS (
       UPDATE stamp_observation o SET sequence = b.sequence, last_heartbeat_at = clock_timestamp(), load = b.load, held_count = b.count,
         held_as_of = b.as_of, held_root = b.root, wire_schemas = b.schemas, workload_healthy = b.healthy,
         workload_silent_since = CASE WHEN NOT b.healthy THEN coalesce(o.workload_silent_since, clock_timestamp()) END, workload_version = b.version, agent_version = b.agent
       FROM b, stamp s
       WHERE o.stamp = b.stamp AND s.name = b.stamp AND o.instance_id = b.instance AND o.epoch = b.epoch AND s.epoch = b.epoch
       RETURNING b.n
     ), counted AS (
       INSERT INTO stamp_traffic AS t (stamp, instance_id, at, requests, errors, latency)
       SELECT b.stamp, b.instance, to_timestamp(floor(extract(epoch FROM clock_timestamp()) / $2) * $2), b.requests, b.errors, b.latency
         FROM b JOIN written USING (n) WHERE b.requests IS NOT NULL
       ON CONFLICT (stamp, instance_id, at) DO UPDATE SET requests = excluded.requests, errors = excluded.errors, latency = excluded.latency
     )
     SELECT s.name AS stamp, s.epoch, b.epoch AS claimed, b.n IN (SELECT n FROM written) AS written FROM b LEFT JOIN stamp s ON s.name = b.stamp ORDER BY b.n`,
    [JSON.stringify(beats.map(([, beat], n) => toRecord(beat, n))), trafficSlotMs / 1_000],
  );

const toRecord = (b: Heartbeat, n: number): Record<string, unknown> => ({
  n,
  stamp: b.stamp,
  instance: b.instanceId,
  epoch: b.epoch,
  sequence: b.sequence,
  load: b.load,
  count: b.holding.count,
  as_of: b.holding.asOf,
  root: b.holding.root ?? null,
  schemas: b.schemas ?? null,
  healthy: b.workload.healthy,
  version: b.workload.version,
  agent: b.agentVersion,
  ...(b.traffic ?? {}),
});
