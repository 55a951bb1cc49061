import type { Rule } from '../facts.js';

export const cordon: Rule = (_tenant, stamp) =>
  stamp.cordoned ? { pass: false, reason: `cordoned: ${stamp.cordonReason ?? 'no reason given'}` } : { pass: true, reason: 'not cordoned' };
