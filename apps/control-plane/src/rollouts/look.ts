import type { Traffic } from '@lapidary/contracts/agent-protocol';
import { JobSchema, type JobView } from '@lapidary/contracts/api/jobs';
import { ObservationsSchema, windowsMax, type StampObservation } from '@lapidary/contracts/api/observations';
import { eventSchemasPath, jobPath, observationsPath, stampChangePath, stampReleasePath } from '@lapidary/contracts/api/paths';
import { EventSchemasSchema, StampChangeAcceptedSchema, type EventSchemas } from '@lapidary/contracts/api/rollouts';
import { StampSchema } from '@lapidary/contracts/api/stamps';
import type { Reader } from '@lapidary/db/transaction';
import { isAppError } from '@lapidary/kernel/app-error';
import { effectsOf, type Effect } from './effects.js';
import { windowStarts } from './judge.js';
import { openElsewhere, readFleet } from './read-fleet.js';
import type { RegionApi } from './region-api.js';
import { busyMemberStatuses } from './rollout-states.js';
import type { Acceptance, RolloutObservations, RolloutState } from './rollout-state.js';
import { unreadableEvents } from './schema-reads.js';

export interface LookTools {
  readonly reader: Reader;
  readonly api: Pick<RegionApi, 'ask'>;
  readonly onUnanswered: (region: string, error: unknown) => void;
}

/** Carries out what the state asks for, and looks at everything that the next step may know. What can't be had is left out. */
export const look = async (state: RolloutState, tools: LookTools, atMs: number): Promise<RolloutObservations> => {
  const fleet = await readFleet(tools.reader, state.kind);
  const rivals = await openElsewhere(tools.reader);
  const regions = [...new Set([...state.members.map((m) => m.region), ...fleet.map((s) => s.region)])];
  const [done, jobs, seen, unreadable] = await Promise.all([
    carryOut(state, tools),
    lookAtJobs(state, tools),
    lookAtRegions(state, tools, regions, atMs),
    needsSchemas(state) ? lookAtSchemas(state, tools, regions) : undefined,
  ]);
  return { atMs, fleet, rivals, ...done, jobs, ...seen, ...(unreadable === undefined ? {} : { unreadable }) };
};

/** Null where the region did not answer, or may answer otherwise when it is asked again. */
const tried = async <T>(tools: LookTools, region: string, work: () => Promise<T>): Promise<T | null> => {
  try {
    return await work();
  } catch (error) {
    tools.onUnanswered(region, error);
    return null;
  }
};

const carryOut = async (state: RolloutState, tools: LookTools): Promise<{ accepted: Map<string, Acceptance>; released: Set<string> }> => {
  const accepted = new Map<string, Acceptance>();
  const released = new Set<string>();
  const one = async (effect: Effect): Promise<void> => {
    if (effect.kind === 'release') {
      if (await release(state, tools, effect)) released.add(effect.stamp);
      return;
    }
    accepted.set(effect.stamp, await change(state, tools, effect));
  };
  await Promise.all(effectsOf(state).map(one));
  return { accepted, released };
};

const keyOf = (state: RolloutState, effect: Effect): string => `rollout/${state.id}/${effect.stamp}/${effect.attempt}/${effect.kind}`;

const change = async (state: RolloutState, tools: LookTools, effect: Extract<Effect, { kind: 'change' }>): Promise<Acceptance> => {
  const { stamp, region, attempt, version } = effect;
  try {
    const { job, fromVersion } = await tools.api.ask(region, {
      rollout: state.id,
      method: 'POST',
      path: stampChangePath(stamp),
      body: { rollout: state.id, kind: state.kind, version, reason: `roll-out ${state.id}` },
      idempotencyKey: keyOf(state, effect),
      answer: StampChangeAcceptedSchema,
    });
    return { attempt, job: job.id, fromVersion };
  } catch (error) {
    tools.onUnanswered(region, error);
    if (!isAppError(error)) return { attempt, waiting: `its region answered what this version can’t read` };
    return error.entry.retry ? { attempt, waiting: `waits: ${error.message}` } : { attempt, refused: error.code, message: error.message };
  }
};

const release = async (state: RolloutState, tools: LookTools, { stamp, region }: Effect): Promise<boolean> => {
  try {
    const body = { rollout: state.id };
    await tools.api.ask(region, { rollout: state.id, method: 'POST', path: stampReleasePath(stamp), body, answer: StampSchema });
    return true;
  } catch (error) {
    tools.onUnanswered(region, error);
    // A stamp that is gone holds nothing.
    return isAppError(error) && error.code === 'not_found';
  }
};

const lookAtJobs = async (state: RolloutState, tools: LookTools): Promise<Map<string, JobView>> => {
  const open = state.members.filter((m) => m.job !== null && busyMemberStatuses.includes(m.status));
  const jobs = await Promise.all(
    open.map((m) =>
      tried(tools, m.region, () => tools.api.ask(m.region, { rollout: state.id, method: 'GET', path: jobPath(m.job!), answer: JobSchema })),
    ),
  );
  return new Map(jobs.flatMap((job) => (job ? [[job.id, job]] : [])));
};

const lookAtRegions = async (
  state: RolloutState,
  tools: LookTools,
  regions: readonly string[],
  atMs: number,
): Promise<Pick<RolloutObservations, 'stamps' | 'traffic'>> => {
  // The latest beginnings are those of stamps just changed; more windows than one request takes are a wave of fifty stamps.
  const starts = windowStarts(state, atMs).slice(-windowsMax);
  const windows = starts.map((start) => atMs - start).join(',');
  const stamps = new Map<string, StampObservation>();
  const traffic = new Map(starts.map((start) => [start, new Map<string, Traffic>()]));
  const answers = await Promise.all(
    regions.map((region) =>
      tried(tools, region, () =>
        tools.api.ask(region, {
          rollout: state.id,
          method: 'GET',
          path: `${observationsPath(region)}${windows === '' ? '' : `?windows=${windows}`}`,
          answer: ObservationsSchema,
        }),
      ),
    ),
  );
  for (const answer of answers) {
    for (const stamp of answer?.stamps ?? []) stamps.set(stamp.stamp, stamp);
    for (const window of answer?.windows ?? [])
      for (const [stamp, counts] of Object.entries(window.traffic)) traffic.get(atMs - window.ms)?.set(stamp, counts);
  }
  return { stamps, traffic };
};

/** Only where a wave is about to start: nothing else asks. */
const needsSchemas = (state: RolloutState): boolean => {
  const next = state.waves.find((w) => !['passed', 'reverted', 'skipped'].includes(w.status));
  return state.status === 'running' && (next?.status === 'pending' || next?.status === 'awaiting' || next?.status === 'soaking');
};

const lookAtSchemas = async (state: RolloutState, tools: LookTools, regions: readonly string[]): Promise<string[] | undefined> => {
  const answers = await Promise.all(
    regions.map((region) =>
      tried(tools, region, () =>
        tools.api.ask(region, { rollout: state.id, method: 'GET', path: eventSchemasPath(region), answer: EventSchemasSchema }),
      ),
    ),
  );
  if (answers.some((answer) => answer === null)) return undefined;
  const all = answers as EventSchemas[];
  return all.flatMap((writer) => all.flatMap((reader) => (reader === writer ? [] : unreadableEvents(writer, reader))));
};
