import type { Rule } from '../facts.js';

export const status: Rule = (_tenant, stamp) => ({ pass: stamp.status === 'active', reason: `status is ${stamp.status}` });
