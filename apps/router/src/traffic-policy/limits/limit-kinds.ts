import type { LimitSpec } from '@lapidary/contracts/limits';
import { concurrency } from './concurrency.js';
import { fixedWindow } from './fixed-window.js';
import { leakyBucket } from './leaky-bucket.js';
import type { Limit, LimitKind } from './limit.js';
import { slidingWindow } from './sliding-window.js';
import { tokenBucket } from './token-bucket.js';

type Make = { readonly [K in LimitKind]: (spec: Extract<LimitSpec, { kind: K }>) => Limit };

/** The one list of algorithms; docs/contributing/add-a-limit-algorithm.md says how to add one. */
const make: Make = {
  token_bucket: ({ perSecond, burst }) => tokenBucket(perSecond, burst),
  sliding_window: ({ max, windowSeconds }) => slidingWindow(max, windowSeconds * 1000),
  fixed_window: ({ max, windowSeconds }) => fixedWindow(max, windowSeconds * 1000),
  leaky_bucket: ({ perSecond, queue }) => leakyBucket(perSecond, queue),
  concurrency: ({ max }) => concurrency(max),
};

export const limitKinds = Object.keys(make) as readonly LimitKind[];

export const limitOf = (spec: LimitSpec): Limit => (make[spec.kind] as (spec: LimitSpec) => Limit)(spec);
