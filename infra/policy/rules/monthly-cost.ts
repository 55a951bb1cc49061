import { monthlyCostOf } from '../../template/prices.js';
import { costClassOf } from '../cost-classes.js';
import type { StackPolicyRule } from '../policy-rule.js';

export const monthlyCost: StackPolicyRule = {
  name: 'monthly-cost',
  level: 'advisory',
  description: 'A stamp as a whole costs, by the price table, no more than its profile may',
  checkStack(resources, { scope, profile, owner }) {
    // Cost classes are of stamps; a region's is held to its size by its test.
    if (scope !== 'stamp') return [];
    const cost = monthlyCostOf(resources);
    const { monthlyUsdMax } = costClassOf[profile];
    if (cost === null || cost.usd <= monthlyUsdMax) return [];
    const message = `about ${cost.usd.toFixed(0)} USD a month (prices of ${cost.asOf}), the ${profile} profile allows ${monthlyUsdMax}`;
    return [{ resource: owner, message }];
  },
};
