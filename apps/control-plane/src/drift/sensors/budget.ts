import type { Difference } from '../difference.js';
import { plantedName } from '../upkeep-facts.js';
import type { Sensor } from './sensor.js';

/** Twice what was meant is no overshoot of a busy day any more. */
const criticalTimes = 2;

/** Two digits: a number that moves with each write would be another value at each look, and no suppression would hold. */
const roughly = (count: number): number => Number(count.toPrecision(2));

/** Collections against their budgets of size and history, whichever region's writes have brought them there. */
export const budgetSensor: Sensor = {
  kind: 'budget',
  reads: ['upkeep'],
  *look({ facts, nonce, isOfOneStamp }) {
    if (isOfOneStamp) return;
    const differences = facts.upkeep.passed.map(({ collection, budget, limit, actual }): Difference => ({
      ...{ kind: 'budget', subject: `collection/${collection}`, path: budget, owner: facts.defaultOwner },
      ...{ expected: limit, observed: roughly(actual) },
      severity: actual >= limit * criticalTimes ? 'critical' : 'warning',
    }));
    const planted = `collection/${plantedName(nonce)}`;
    yield {
      kind: 'budget',
      looked: facts.upkeep.collections.map((name) => `collection/${name}`).filter((subject) => subject !== planted),
      skipped: [],
      differences: differences.filter((d) => d.subject !== planted),
      planted: differences.some((d) => d.subject === planted) ? 'found' : 'missed',
    };
  },
};
