import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';

/** What a deadline that passed before the answer means: the rest of the request did not come … */
export const clientStalled: ForwardResult = { kind: 'client_stalled' };
/** … or it came, and the stamp said nothing. */
export const stampSilent: ForwardResult = { kind: 'no_answer', reason: 'head_timeout', detail: 'no answer in time', reusedSocket: false };
/** Its time as a whole is over (D1). */
export const outOfTime: ForwardResult = { kind: 'no_answer', reason: 'deadline', detail: 'not done in time', reusedSocket: false };
