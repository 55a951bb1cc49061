import type { Traffic } from '@lapidary/contracts/agent-protocol';
import type { Check, RolloutPolicy } from '@lapidary/contracts/api/rollouts';
import { answeredOf, countFrom, firstBucketBeyond, percentileMs } from './latency-figures.js';
import { probabilityOfChance } from './statistics.js';

const p95 = 0.95;
const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

/**
 * The 95th percentile of changed stamps against the control group's. Whether a difference is more than chance is asked
 * by a quantile test (Conover, Practical Nonparametric Statistics, 3.2): are requests that are slower than the control
 * group's percentile more frequent among the changed? Buckets are split at the bound above it, which can only miss.
 */
export const compareLatency = (policy: RolloutPolicy, changed: Traffic, control: Traffic | null, significance: number): Check => {
  const samples = { changed: answeredOf(changed), control: control === null ? 0 : answeredOf(control) };
  const mine = percentileMs(changed, p95);
  const theirs = control === null ? null : percentileMs(control, p95);
  const of = (outcome: Check['outcome'], why: string, probability: number | null = null): Check => ({
    measure: 'latency',
    outcome,
    why,
    changed: mine,
    control: theirs,
    samples,
    probability,
  });
  if (samples.changed < policy.requestsMin || mine === null)
    return of('unjudged', `${samples.changed} of the ${policy.requestsMin} answers that a judgement needs`);
  const isOver = mine > policy.latencyP95MaxMs;
  const over = `p95 is ${ms(mine)}; the limit is ${ms(policy.latencyP95MaxMs)}`;
  if (control === null) return isOver ? of('fail', over) : of('pass', `p95 is ${ms(mine)}; there is no stamp left to compare with`);
  if (samples.control < policy.requestsMin || theirs === null) {
    if (isOver) return of('fail', `${over}, and the control group has too few answers to excuse it`);
    return of('unjudged', `the control group has ${samples.control} of the ${policy.requestsMin} answers that a comparison needs`);
  }
  const bucket = firstBucketBeyond(control, p95);
  const probability = probabilityOfChance(
    { hits: countFrom(changed, bucket), of: samples.changed },
    { hits: countFrom(control, bucket), of: samples.control },
  );
  const against = `p95 is ${ms(mine)}, ${ms(theirs)} in the control group`;
  const isSlower = mine >= theirs * policy.latencyRatioMax && mine - theirs >= policy.latencyIncreaseMinMs;
  if (isSlower && probability < significance) return of('fail', against, probability);
  if (isOver) return of('hold', `${against}: the whole fleet is slow`, probability);
  return of('pass', against, probability);
};
