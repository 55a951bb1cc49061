import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { digestOf } from '@lapidary/kernel/canonical-json';
import type { DriftKind, Look } from './difference.js';
import { desiredSpec } from '../provisioning/provision-command.js';
import { readVersion } from '../process/version.js';
import { subjectOf } from './drift-facts.js';
import { plantSchema } from './schema/own-schema.js';
import { plantPlacements } from './placement-facts.js';
import { plantUpkeep } from './upkeep-facts.js';

/**
 * The drift that is planted in every run, so that silence is known to mean order and not a dead sensor.
 *
 * Three stamps are written into the very tables that the sensors read, inside a transaction that is rolled back once the
 * facts are read: nobody else ever sees them, and a crash leaves nothing. Each falsified value is this run's nonce, so that
 * nothing remembered can pass for having looked.
 */
export interface Canary {
  readonly nonce: string;
  readonly stamps: readonly string[];
  /** The subject at which each sensor must find the nonce. */
  readonly expects: Readonly<Partial<Record<DriftKind, string>>>;
  /** Why nothing could be planted; null: it was. */
  readonly hindrance: string | null;
}

/** Planted stamps take high free numbers: real ones start at 1, and the template has addresses for little more than a hundred. */
const plantedNumberMax = 120;
const stampNumberMax = 9_999;
const planted = 3;
/** Of a label that only planted stamps have. */
const label = 'lapidary-canary';

export const plantStamps = async (tx: Tx, config: ControlPlaneConfig, nonce: string): Promise<Canary> => {
  const region = config.LAPIDARY_REGION;
  const names = await freeNames(tx, region);
  const [odd, twin, other] = names as [string, string, string];
  const { templateVersion } = readVersion(config.LAPIDARY_ROOT_DIR);
  // A ring of their own: they must not count as anybody's siblings.
  const ring = `planted-${nonce}`;
  // All of them before the first is written: half a planted ring would be taken for real.
  const specs: StampSpec[] = [];
  for (const name of names) specs.push((await desiredSpec(tx, config, name)).resolved.spec);
  for (const spec of specs) {
    const { name } = spec;
    const isOdd = name === odd;
    const labels = isOdd ? { ...spec.labels, [label]: nonce } : spec.labels;
    await tx.query(
      `INSERT INTO stamp (name, region, status, ring, profile, isolation, driver, capacity_units, labels, spec, spec_digest, epoch,
                          template_version, workload_version, graph_digest, health)
       VALUES ($1, $2, 'active', $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb, $10, 1, $11, $12, $13, 'healthy')`,
      [
        name,
        region,
        ring,
        isOdd ? nonce : spec.profile,
        spec.isolation,
        spec.driver,
        spec.capacity.units,
        JSON.stringify(labels),
        JSON.stringify(spec),
        digestOf(spec),
        templateVersion,
        spec.workload.version,
        nonce,
      ],
    );
    await tx.query(
      `INSERT INTO stamp_observation (stamp, instance_id, epoch, last_heartbeat_at, front_door, workload_version)
       VALUES ($1, $2, 1, clock_timestamp(), '', $3)`,
      [name, nonce, isOdd ? nonce : spec.workload.version],
    );
  }
  await plantPlacements(tx, region, other, nonce);
  await plantSchema(tx, nonce);
  await plantUpkeep(tx, other, nonce);
  return { nonce, stamps: [odd, twin, other], expects: expectedAt(odd, twin), hindrance: null };
};

const expectedAt = (odd: string, twin: string): Canary['expects'] => ({
  spec: subjectOf(odd),
  'ring-sibling': subjectOf(odd),
  version: subjectOf(odd),
  template: subjectOf(twin),
  resource: subjectOf(odd),
});

/** Where nothing can be planted, say because the defaults are not valid, the sensors still look; that they see is not proved. */
export const unplanted = (nonce: string, hindrance: string): Canary => ({ nonce, stamps: [], expects: expectedAt('', ''), hindrance });

const freeNames = async (tx: Tx, region: string): Promise<string[]> => {
  const rows = await rowsOf<{ name: string }>(
    tx,
    `SELECT $1 || '-' || n AS name FROM generate_series(1, $2::int) AS n
      WHERE NOT EXISTS (SELECT 1 FROM stamp s WHERE s.name = $1 || '-' || n) ORDER BY n > $3, abs(n - $3) LIMIT $4`,
    [region, stampNumberMax, plantedNumberMax, planted],
  );
  return rows.map((row) => row.name);
};

export interface Sifted {
  /** What was seen of real subjects. */
  readonly look: Look;
  /** The planted difference is in it. */
  readonly isFound: boolean;
  /** Why the sensor could not look at what was planted for it. */
  readonly hindrance: string | null;
}

/** Takes what was planted out of a look, and says whether the sensor saw it. */
export const sift = (look: Look, canary: Canary): Sifted => {
  const ours = new Set(canary.stamps.map(subjectOf));
  const expected = canary.expects[look.kind];
  return {
    look: {
      kind: look.kind,
      judges: look.judges,
      looked: look.looked.filter((subject) => !ours.has(subject)),
      skipped: look.skipped.filter(({ subject }) => !ours.has(subject)),
      differences: look.differences.filter(({ subject }) => !ours.has(subject)),
    },
    isFound: look.differences.some((d) => d.subject === expected && d.observed === canary.nonce),
    hindrance: canary.hindrance ?? look.skipped.find((s) => s.subject === expected)?.why ?? null,
  };
};
