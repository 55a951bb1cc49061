import { noisyTenant } from './peer-configs.ts';
import type { Load } from './load.ts';

export interface Shape {
  readonly name: string;
  readonly load: Load;
  readonly rounds: number;
  /** Of `--peers` and our own; the slow peers are measured once, in the first shape, where they are compared with. */
  readonly slowPeers: boolean;
}

/** As many tenants as one stamp may hold by far; the directory's own benchmark has the million. */
export const tenants = 10_000;
/** What the upstream of the stamp link answers, whatever the shape (targets.ts). */
export const usualAnswerBytes = 185;
const usual: Load = { connections: 64, seconds: 2, rate: 0, postBytes: 0, answerBytes: usualAnswerBytes, tenants };

/** A few short rounds tell more than one long one on a machine that others use too. */
export const shapes: readonly Shape[] = [
  { name: 'c64', load: usual, rounds: 6, slowPeers: true },
  { name: 'c512', load: { ...usual, connections: 512 }, rounds: 4, slowPeers: false },
  { name: '64 KiB answers', load: { ...usual, answerBytes: 65_536 }, rounds: 4, slowPeers: false },
  { name: 'POST 1 KiB', load: { ...usual, postBytes: 1_024 }, rounds: 4, slowPeers: false },
];

/** Shares of what the slowest of the compared carries at saturation, at which latency is compared: at saturation it only says who saturates. */
export const fixedShares = [0.25, 0.5, 0.7];
export const fixedRounds = 3;
/** The first half second opens connections and is not counted (load.c). */
export const fixedLoad = (rate: number): Load => ({ ...usual, rate, seconds: 3.5 });
/** One tenant that sends as fast as it can, far above its limit, beside the measured ones; within their time, since they have the upstream. */
export const noisyAfterMs = 200;
export const noisyLoad = (seconds: number): Load => ({
  ...usual,
  connections: 32,
  seconds: seconds - 0.5,
  tenants: 1,
  tenant: noisyTenant,
});
