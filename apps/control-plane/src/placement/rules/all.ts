import type { Rule } from '../facts.js';
import { capacity } from './capacity.js';
import { cordon } from './cordon.js';
import { health } from './health.js';
import { homeRegion } from './home-region.js';
import { isolation } from './isolation.js';
import { residency } from './residency.js';
import { status } from './status.js';

/** Every hard rule by its name in decisions, in the order in which explanations show them. */
export const rules: Readonly<Record<string, Rule>> = {
  'home-region': homeRegion,
  residency,
  status,
  cordon,
  health,
  isolation,
  capacity,
};
