import type { Score } from '../facts.js';
import { headroom } from './headroom.js';
import { ring } from './ring.js';
import { spread } from './spread.js';

/** Every score by its name in decisions and in the policy's weights. */
export const scores: Readonly<Record<string, Score>> = { headroom, spread, ring };
