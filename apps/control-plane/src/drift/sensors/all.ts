import { budgetSensor } from './budget.js';
import { dataDigestSensor } from './data-digest.js';
import { fleetDigestSensor } from './fleet-digest.js';
import { freezeSensor } from './freeze.js';
import { placementSensor } from './placement.js';
import { protocolSensor } from './protocol.js';
import { replicaAgeSensor } from './replica-age.js';
import { resourceSensor } from './resource.js';
import { restoredSensor } from './restored.js';
import { retentionSensor } from './retention.js';
import { ringSiblingSensor } from './ring-sibling.js';
import { scrubSensor } from './scrub.js';
import { routeEpochSensor } from './route-epoch.js';
import { schemaSensor } from './schema.js';
import type { Sensor } from './sensor.js';
import { signatureSensor } from './signature.js';
import { specSensor } from './spec.js';
import { templateSensor } from './template.js';
import { versionSensor } from './version.js';

/** Cheap ones first: what they find stands while the others still ask. How to add one: docs/contributing/add-a-drift-sensor.md */
export const stampSensors: readonly Sensor[] = [specSensor, ringSiblingSensor, versionSensor, templateSensor, resourceSensor];

/** What regions hold against each other, and then what stamps are. */
export const replicaSensors: readonly Sensor[] = [scrubSensor, dataDigestSensor];
/** Whose findings can be repaired: they look again after a repair. */
export const repairedSensors: readonly Sensor[] = [routeEpochSensor, fleetDigestSensor, ...replicaSensors];
/** Of the database alone, and what this process has heard. */
export const upkeepSensors: readonly Sensor[] = [
  protocolSensor,
  budgetSensor,
  retentionSensor,
  restoredSensor,
  signatureSensor,
  freezeSensor,
  replicaAgeSensor,
];
export const sensors: readonly Sensor[] = [
  placementSensor,
  ...upkeepSensors,
  schemaSensor,
  routeEpochSensor,
  fleetDigestSensor,
  ...replicaSensors,
  ...stampSensors,
];
