import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { openRolloutStatuses } from '@lapidary/contracts/api/rollouts';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { isAppError } from '@lapidary/kernel/app-error';
import { openJobStatuses } from '../jobs/job-states.js';
import { desiredSpec } from '../provisioning/provision-command.js';
import { migrations } from '../migrations/all.js';
import { readOwnSchema } from './schema/own-schema.js';
import { readRouteFacts } from './routes/route-facts.js';
import { readPlacementFacts } from './placement-facts.js';
import type { Canary } from './canary.js';
import type { FactPart } from './sensors/sensor.js';
import { notGivenUp } from '../stamps/given-up-rollouts.js';
import { noUpkeep, readUpkeepFacts } from './upkeep-facts.js';
import type { Desired, DriftFacts, StampFacts } from './drift-facts.js';

/** A version that an agent told longer ago is history; by then its health tells that it is silent. */
const heardWithinMs = 15_000;

interface FactsRow extends Omit<StampFacts, 'inProgress'> {
  readonly openJob: string | null;
  readonly heldBy: string | null;
}

const generationOf = `s.version::text || '/' || coalesce((SELECT max(j.id) FROM job j WHERE j.subject = s.name), '')`;
const openJobOf = `(SELECT min(j.id) FROM job j WHERE j.subject = s.name AND j.status = ANY($1))`;

const factsSelect = `
  SELECT s.name, s.region, s.status, s.ring, s.profile, s.isolation, s.driver, s.capacity_units AS "capacityUnits", s.labels, s.spec,
         s.spec_digest AS "specDigest", s.graph_digest AS "graphDigest", s.template_version AS "templateVersion",
         s.workload_version AS "workloadVersion", s.held_by_rollout AS "heldBy",
         CASE WHEN o.last_heartbeat_at > clock_timestamp() - make_interval(secs => $2) THEN o.workload_version END AS "observedWorkloadVersion",
         ${openJobOf} AS "openJob", ${generationOf} AS generation
    FROM stamp s LEFT JOIN stamp_observation o ON o.stamp = s.name AND o.epoch = s.epoch`;

const progressOf = (row: { readonly openJob: string | null; readonly heldBy: string | null }): string | null => {
  if (row.openJob !== null) return `job ${row.openJob} is under way`;
  return row.heldBy === null ? null : `held by roll-out ${row.heldBy}`;
};

/** What the sensors compare and that stands in the database or in files: rows of stamps, and the parts that are needed. */
export const readFacts = async (
  reader: Reader,
  config: ControlPlaneConfig,
  { nonce, stamps: plantedStamps }: Pick<Canary, 'nonce' | 'stamps'>,
  needs: ReadonlySet<FactPart>,
): Promise<DriftFacts> => {
  const region = config.LAPIDARY_REGION;
  const rows = await rowsOf<FactsRow>(reader, `${factsSelect} ORDER BY s.name`, [openJobStatuses, heardWithinMs / 1000]);
  const fleet = rows.map(({ openJob, heldBy, ...facts }): StampFacts => ({ ...facts, inProgress: progressOf({ openJob, heldBy }) }));
  const stamps = fleet.filter((s) => s.region === region);
  const desired = new Map<string, Desired>();
  for (const { name } of needs.has('desired') ? stamps.filter((s) => s.status !== 'retired') : [])
    desired.set(name, await desiredOf(reader, config, name));
  const [rollout] = await rowsOf(
    reader,
    `SELECT 1 FROM (SELECT status FROM rollout UNION ALL SELECT view->>'status' FROM rollout_replica c WHERE ${notGivenUp('c.id')}) AS r WHERE status = ANY($1) LIMIT 1`,
    [openRolloutStatuses],
  );
  return {
    ...{ region, stamps, fleet, desired },
    placement: needs.has('placement') ? await readPlacementFacts(reader, region) : nothing.placement,
    routes: needs.has('routes') ? await readRouteFacts(reader) : nothing.routes,
    schema: {
      own: needs.has('schema') ? await readOwnSchema(reader) : nothing.schema,
      knownMigrations: migrations.map((m) => m.name),
    },
    upkeep: needs.has('upkeep') ? await readUpkeepFacts(reader, config, nonce) : nothing.upkeep,
    plantedStamps,
    rolloutOpen: rollout !== undefined,
    defaultOwner: config.LAPIDARY_DRIFT_OWNER,
  };
};

/** In place of what no sensor of the run looks at. */
const nothing: Pick<DriftFacts, 'placement' | 'routes' | 'upkeep'> & { readonly schema: DriftFacts['schema']['own'] } = {
  placement: { outside: [], crowded: [], standing: [] },
  routes: { entries: [] },
  schema: { wire: {}, migrations: [], tables: {} },
  upkeep: noUpkeep,
};

const desiredOf = async (reader: Reader, config: ControlPlaneConfig, name: string): Promise<Desired> => {
  try {
    const { resolved, templateVersion } = await desiredSpec(reader, config, name);
    const { spec, regionFacts } = resolved;
    return { ok: true, spec, regionFacts, templateVersion };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { ok: false, code: error.code, message: error.message };
  }
};

/** Which of the stamps have been touched since their facts were read, and by what. */
export const touchedSince = async (reader: Reader, before: readonly StampFacts[]): Promise<ReadonlyMap<string, string>> => {
  const rows = await rowsOf<{ name: string; generation: string; openJob: string | null; heldBy: string | null }>(
    reader,
    `SELECT s.name, ${generationOf} AS generation, ${openJobOf} AS "openJob", s.held_by_rollout AS "heldBy" FROM stamp s WHERE s.name = ANY($2)`,
    [openJobStatuses, before.map((s) => s.name)],
  );
  const now = new Map(rows.map((row) => [row.name, row]));
  return new Map(
    before.flatMap(({ name, generation }) => {
      const row = now.get(name);
      if (row === undefined) return [[name, 'is gone'] as const];
      const progress = progressOf(row);
      if (progress !== null) return [[name, progress] as const];
      return row.generation === generation ? [] : [[name, 'was changed while it was looked at'] as const];
    }),
  );
};
