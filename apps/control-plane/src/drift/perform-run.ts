import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { RepairRequest, SensorReport } from '@lapidary/contracts/api/drift';
import { inTransaction } from '@lapidary/db/transaction';
import { isAppError, toAppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import type { Logger } from '@lapidary/telemetry/logger';
import type { DataSource } from 'typeorm';
import { systemContext, type CommandContext } from '../http/command-context.js';
import { plantStamps, sift, unplanted, type Canary } from './canary.js';
import type { Difference, Look, Skip } from './difference.js';
import { subjectOf, type DriftFacts, type RegionFacts, type World } from './drift-facts.js';
import { readFacts, touchedSince } from './read-facts.js';
import { newTelling, recordLook, type Recorded, type Telling } from './record-look.js';
import { rolledBack } from '@lapidary/db/rolled-back';
import type { RunOutcome, RunRow } from './run-rows.js';
import type { RepairDeps } from './repair-deps.js';
import { repairFindings, repairsLeft } from './repair-findings.js';
import { repairedSensors, sensors as allSensors } from './sensors/all.js';
import type { FactPart, Sensor, SensorInput } from './sensors/sensor.js';

export interface RunDeps {
  readonly config: ControlPlaneConfig;
  readonly dataSource: DataSource;
  readonly clock: HybridLogicalClock;
  readonly world: World;
  /** The real drift that is planted for the sensor "resource": what it finds at the planted stamp. */
  readonly plantedStack: { driftWith(nonce: string, regionFacts: RegionFacts, signal: AbortSignal): ReturnType<World['driftedResources']> };
  readonly sensors?: readonly Sensor[];
  readonly repair?: RepairDeps;
  readonly logger?: Pick<Logger, 'error'>;
}

interface Seen {
  readonly report: SensorReport;
  readonly recorded: Recorded;
  readonly looked: readonly string[];
  readonly faults: readonly Skip[];
  /** Why the planted drift was not found, where a reason is known. */
  readonly hindrance: string | null;
  /** It ended by itself, and not at an error. */
  readonly isWhole: boolean;
}

/** A run that repairs: merges what peers have, and looks at the documents again; a dry run has nothing to look at. */
export const performRepair = async (
  deps: RunDeps & { readonly repair: RepairDeps },
  context: CommandContext,
  request: RepairRequest,
  signal: AbortSignal,
): Promise<RunOutcome> => {
  const repairs = await repairFindings(deps.repair, context, request, signal);
  const left = repairs.length === 0 ? 0 : await repairsLeft(deps.dataSource, deps.repair.links, request, repairs);
  const none: RunOutcome = { event: 'finish', appeared: 0, resolved: 0, sensors: [], error: null };
  const looked =
    request.dryRun || repairs.length === 0 ? none : await performRun({ ...deps, sensors: repairedSensors }, { stamp: null }, signal);
  return { ...looked, repairs, repairsLeft: left };
};

/** One look of every sensor at the stamps of the region, or at one of them. What is found stands at once, sensor by sensor. */
export const performRun = async (deps: RunDeps, run: Pick<RunRow, 'stamp'>, signal: AbortSignal): Promise<RunOutcome> => {
  const sensors = deps.sensors ?? allSensors;
  // What a run does not look at is not read: after a repair that is most of it, and for one stamp.
  const needs = new Set<FactPart>(run.stamp === null ? sensors.flatMap((sensor) => sensor.reads) : ['desired']);
  const { facts, canary } = await rolledBack(deps.dataSource, async (tx) => {
    const nonce = newId().toLowerCase();
    const planted = await plantStamps(tx, deps.config, nonce).catch((error: unknown) => {
      if (!isAppError(error)) throw error;
      return unplanted(nonce, `nothing could be planted: ${error.message}`);
    });
    return { canary: planted, facts: await readFacts(tx, deps.config, planted, needs) };
  });
  const extent = facts.stamps.filter((s) => run.stamp === null || s.name === run.stamp || canary.stamps.includes(s.name));
  const seen: Seen[] = [];
  const telling = newTelling();
  for (const sensor of sensors) {
    signal.throwIfAborted();
    const input = {
      facts: { ...facts, stamps: extent },
      world: withPlanted(deps, canary),
      signal,
      nonce: canary.nonce,
      isOfOneStamp: run.stamp !== null,
    };
    seen.push(await useSensor(deps, sensor, input, canary, telling));
    if (run.stamp === null) await record(deps, departed(sensor.kind, [facts.region, ...deps.world.peers]), facts, telling);
  }
  const ofSensors = await inTransaction(deps.dataSource, (tx) =>
    recordLook(tx, contextOf(deps), deps.clock, lookAtSensors(seen, facts.defaultOwner, run.stamp !== null), telling),
  );
  const all = [...seen.map((s) => s.recorded), ofSensors];
  return {
    event: 'finish',
    appeared: all.reduce((sum, r) => sum + r.appeared, 0),
    resolved: all.reduce((sum, r) => sum + r.resolved, 0),
    sensors: seen.map((s) => s.report),
    error: null,
  };
};

/** Of a region that was taken out of the fleet nothing stands any more, and nobody looks at it to say so. */
const departed = (kind: Look['kind'], regions: readonly string[]): Look => ({
  ...{ kind, looked: [], skipped: [], differences: [] },
  judges: ({ subject }) => {
    const of = /^(?:region\/(.+)|replica\/([^.]+)\..*)$/.exec(subject);
    return of !== null && !regions.includes(of[1] ?? of[2]!);
  },
});

const contextOf = ({ config }: RunDeps) => systemContext(config.LAPIDARY_REGION, 'drift', newId());

const useSensor = async (deps: RunDeps, sensor: Sensor, input: SensorInput, canary: Canary, telling: Telling): Promise<Seen> => {
  const startedMs = performance.now();
  const looked: string[] = [];
  const skipped: Skip[] = [];
  const recorded = { appeared: 0, resolved: 0 };
  let differences = 0;
  let isFound = false;
  let planted: SensorReport['canary'] = 'not-planted';
  let hindrance: string | null = null;
  let isWhole = true;
  try {
    for await (const raw of sensor.look(input)) {
      const sifted = sift(raw, canary);
      isFound ||= sifted.isFound;
      if (raw.planted !== undefined) planted = planted === 'missed' ? 'missed' : raw.planted;
      hindrance ??= sifted.hindrance;
      const { look, written } = await record(deps, sifted.look, input.facts, telling);
      looked.push(...look.looked);
      skipped.push(...look.skipped);
      differences += look.differences.length;
      recorded.appeared += written.appeared;
      recorded.resolved += written.resolved;
    }
  } catch (error) {
    // What one sensor can't do must not keep the others from looking, and is told of it: whatever it has not looked at, it is blind to.
    input.signal.throwIfAborted();
    deps.logger?.error({ err: error, sensor: sensor.kind }, 'a drift sensor ended at an error');
    [isFound, planted, isWhole, hindrance] = [false, 'missed', false, `it ended at an error: ${toAppError(error).message}`];
  }
  const report: SensorReport = {
    kind: sensor.kind,
    looked: looked.length,
    skipped: skipped.map(({ subject, why }) => ({ subject, why })),
    differences,
    canary: canary.expects[sensor.kind] === undefined ? planted : isFound ? 'found' : 'missed',
    tookMs: Math.round(performance.now() - startedMs),
  };
  return { report, recorded, looked, faults: skipped.filter((s) => s.isFault), hindrance, isWhole };
};

/** Resources of planted stamps are those of the planted stack; they have no others. */
const withPlanted = ({ world, plantedStack }: RunDeps, canary: Canary): World => ({
  ...world,
  driftedResources: async (spec, regionFacts, signal) => {
    if (!canary.stamps.includes(spec.name)) return await world.driftedResources(spec, regionFacts, signal);
    return subjectOf(spec.name) === canary.expects.resource ? await plantedStack.driftWith(canary.nonce, regionFacts, signal) : [];
  },
});

/** Writes a look, without the stamps that somebody has begun to change since their facts were read. */
const record = async (deps: RunDeps, look: Look, facts: DriftFacts, telling: Telling): Promise<{ look: Look; written: Recorded }> =>
  await inTransaction(deps.dataSource, async (tx) => {
    const about = new Set([...look.looked, ...look.differences.map((d) => d.subject)]);
    const touched = await touchedSince(
      tx,
      facts.stamps.filter((s) => about.has(subjectOf(s.name))),
    );
    const left = new Map([...touched].map(([name, why]) => [subjectOf(name), why]));
    const fresh: Look = {
      kind: look.kind,
      judges: look.judges && ((place) => look.judges!(place) && !left.has(place.subject)),
      looked: look.looked.filter((subject) => !left.has(subject)),
      skipped: [...look.skipped, ...[...left].map(([subject, why]) => ({ subject, why, isFault: false }))],
      differences: look.differences.filter((d) => !left.has(d.subject)),
    };
    return { look: fresh, written: await recordLook(tx, contextOf(deps), deps.clock, fresh, telling) };
  });

/** What the run says about the sensors themselves, in the same model: blind ones, and stamps that one could not look at. */
export const lookAtSensors = (seen: readonly Omit<Seen, 'recorded'>[], owner: string, isOfOneStamp: boolean): Look => {
  const ofSensor = (subject: string, path: string, rest: Pick<Difference, 'expected' | 'observed' | 'severity'>): Difference => ({
    kind: 'sensor',
    subject,
    path,
    owner,
    ...rest,
  });
  const blind = seen
    .filter(({ report }) => report.canary === 'missed')
    .map(({ report, hindrance }) =>
      ofSensor(`sensor/${report.kind}`, 'canary', { expected: 'found', observed: hindrance ?? 'missed', severity: 'critical' }),
    );
  const faults = seen.flatMap(({ report, faults: of }) =>
    of.map(({ subject, why }) => ofSensor(subject, report.kind, { expected: 'looked at', observed: why, severity: 'warning' })),
  );
  const of = new Map(seen.map((s) => [s.report.kind as string, s]));
  return {
    kind: 'sensor',
    looked: seen.map((s) => `sensor/${s.report.kind}`),
    // Each sensor answers for itself: that another one can look somewhere, or that nothing was planted, is no sign that this one sees.
    judges: ({ subject, path }) => {
      const sensor = of.get(path === 'canary' ? subject.slice('sensor/'.length) : path);
      if (!sensor) return false;
      const { canary, skipped } = sensor.report;
      const isAll = sensor.isWhole && !isOfOneStamp;
      // Where there is nothing to look at any more, there is nothing to be blind to.
      if (path === 'canary')
        return canary === 'found' || (isAll && canary === 'not-planted' && sensor.looked.length + skipped.length === 0);
      return isAll ? !skipped.some((skip) => skip.subject === subject) : sensor.looked.includes(subject);
    },
    skipped: [],
    differences: [...blind, ...faults],
  };
};
