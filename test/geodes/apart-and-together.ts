import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@lapidary/kernel/wait-for';
import { digestOf, look, missing, settle, type Seen } from './agreement.js';
import type { Geodes, Part } from './geodes.js';
import { type Acknowledged, collections, furnish, Writer, type CollectionName } from './writers.js';

/** What all regions go through: they are cut apart, written to, killed, joined, and compared. */
export interface Ordeal {
  readonly seed: number;
  /** `one-way`: each hears those that come after it, and none that comes before. */
  readonly cut: 'cut' | 'black-hole' | 'one-way';
  /** Writes in each region while it is apart. */
  readonly writes: number;
  /** At least this long apart; writes that are left then are not waited for. */
  readonly apartMs: number;
  /** Killed one after another, in all regions at once, while they are apart and again while they catch up. */
  readonly killed: readonly Part[];
  readonly note?: (line: string) => void;
}

export interface Outcome {
  readonly acknowledged: Acknowledged;
  readonly seen: ReadonlyMap<string, Seen>;
  /** Of what was acknowledged, by region. */
  readonly missing: ReadonlyMap<string, readonly string[]>;
  readonly figures: {
    readonly writes: number;
    readonly apartMs: number;
    /** From the moment that the wires are whole until every region shows the same. */
    readonly convergedMs: number;
    /** Over all wires from that moment on. */
    readonly bytes: number;
  };
}

/** Less than what all would like to sell. */
const unitsEach = 3;
/** A catch-up is seconds; while processes are being killed it waits for them to come back. */
const convergeMsMax = 300_000;

export const furnishGeodes = async (geodes: Geodes): Promise<Acknowledged> => {
  const clients = new Map(geodes.regions.map((region) => [region, geodes.client(region)]));
  const define = async (region: string, name: CollectionName): Promise<void> => {
    const { status, body } = await geodes.api(region).put(`/v1/collections/${name}`, collections[name]);
    if (status >= 300) throw new Error(`${name} could not be defined: ${JSON.stringify(body)}`);
  };
  const done = await furnish(clients, define, unitsEach);
  await agreed(geodes);
  return done;
};

export const apartAndTogether = async (geodes: Geodes, done: Acknowledged, ordeal: Ordeal): Promise<Outcome> => {
  const { note = () => undefined } = ordeal;
  const before = done.writes;
  const apartAtMs = performance.now();
  breakBy(geodes, ordeal.cut);
  const killing = killEach(geodes, ordeal.killed);
  await Promise.all([
    ...geodes.regions.map(async (region, i) => {
      await new Writer(region, geodes.client(region), done, ordeal.seed * 100 + i).write(ordeal.writes);
      note(`${region} has written`);
    }),
    killing,
  ]);
  const leftMs = ordeal.apartMs - (performance.now() - apartAtMs);
  if (leftMs > 0) await sleep(leftMs);
  const apartMs = performance.now() - apartAtMs;
  const bytesBefore = geodes.bytes;
  const healedAtMs = performance.now();
  geodes.breakAll('open');
  await killEach(geodes, ordeal.killed);
  const seen = await agreed(geodes);
  const convergedMs = performance.now() - healedAtMs;
  const lost = new Map([...seen].map(([region, what]) => [region, missing(what, done)]));
  settle([...seen.values()][0]!, done);
  return {
    acknowledged: done,
    seen,
    missing: lost,
    figures: { writes: done.writes - before, apartMs, convergedMs, bytes: geodes.bytes - bytesBefore },
  };
};

const breakBy = (geodes: Geodes, cut: Ordeal['cut']): void => {
  if (cut !== 'one-way') return geodes.breakAll(cut);
  geodes.regions.forEach((from, i) => geodes.regions.slice(0, i).forEach((to) => geodes.breakOneWay(to, from)));
};

const killEach = async (geodes: Geodes, killed: readonly Part[]): Promise<void> => {
  for (const part of killed) await Promise.all(geodes.regions.map((region) => geodes.kill(part, region)));
};

/** Looks until every region shows the same. */
export const agreed = async (geodes: Geodes): Promise<ReadonlyMap<string, Seen>> =>
  await waitFor(
    'all regions to show the same',
    async () => {
      const seen = new Map<string, Seen>();
      for (const region of geodes.regions) seen.set(region, await look(geodes.client(region)));
      return new Set([...seen.values()].map(digestOf)).size === 1 ? seen : undefined;
    },
    { timeoutMs: convergeMsMax, intervalMs: 200 },
  );
