import { shareMin } from './limit.js';

/**
 * A count and the least share that was held while it was counted, as one number: whole ones are the count, and what is behind the point is what that share lacked of a whole one.
 * Zero is nothing counted, and a whole share.
 *
 * Why a window's bound goes by the least share that was held within it, by all routers, and not by what shares grew by: let i have let through its last one at t_i, within a window that
 * begins at b. By then it had let through no more in the window than max times its least share since t_i's own window began, which was at b or before, hence no more than max times its share at b;
 * and shares at one moment sum to 1. Whatever goes up and down by chance costs a router what it lost for a moment, once; counted as used with each rise, it would use the bound up.
 */
export const countOf = (packed: number): number => Math.floor(packed);

export const leastShareOf = (packed: number): number => 1 - (packed - Math.floor(packed));

/** Never so much that it would count. */
const lackMax = 1 - shareMin;

export const withShare = (packed: number, share: number): number => {
  const count = Math.floor(packed);
  return count + Math.min(lackMax, Math.max(packed - count, 1 - share));
};
