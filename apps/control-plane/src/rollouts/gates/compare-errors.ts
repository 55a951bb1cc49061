import type { Traffic } from '@lapidary/contracts/agent-protocol';
import type { Check, RolloutPolicy } from '@lapidary/contracts/api/rollouts';
import { probabilityOfChance, share, type Sample } from './statistics.js';

const percent = (value: number): string => `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;

/**
 * Failed requests of changed stamps against the control group's. `control` null: there is no untouched stamp left, and
 * the absolute limit alone decides. `significance` is the policy's, divided by how many are compared at once (Bonferroni).
 */
export const compareErrors = (policy: RolloutPolicy, changed: Traffic, control: Traffic | null, significance: number): Check => {
  const [a, b]: [Sample, Sample] = [
    { hits: changed.errors, of: changed.requests },
    { hits: control?.errors ?? 0, of: control?.requests ?? 0 },
  ];
  const known = { changed: a.of === 0 ? null : share(a), control: b.of === 0 ? null : share(b) };
  const of = (outcome: Check['outcome'], why: string, probability: number | null = null): Check => ({
    measure: 'errors',
    outcome,
    why,
    ...known,
    samples: { changed: a.of, control: b.of },
    probability,
  });
  if (a.of < policy.requestsMin) return of('unjudged', `${a.of} of the ${policy.requestsMin} requests that a judgement needs`);
  const isOver = share(a) > policy.errorShareMax;
  const over = `${percent(share(a))} of its requests fail; the limit is ${percent(policy.errorShareMax)}`;
  if (control === null) return isOver ? of('fail', over) : of('pass', `${percent(share(a))} fail; there is no stamp left to compare with`);
  if (b.of < policy.requestsMin) {
    if (isOver) return of('fail', `${over}, and the control group has too few requests to excuse it`);
    return of('unjudged', `the control group has ${b.of} of the ${policy.requestsMin} requests that a comparison needs`);
  }
  const probability = probabilityOfChance(a, b);
  const against = `${percent(share(a))} of ${a.of} requests fail, ${percent(share(b))} of ${b.of} in the control group`;
  if (probability < significance && share(a) - share(b) >= policy.errorShareIncreaseMin) return of('fail', against, probability);
  if (isOver) return of('hold', `${against}: the whole fleet is unwell`, probability);
  return of('pass', against, probability);
};
