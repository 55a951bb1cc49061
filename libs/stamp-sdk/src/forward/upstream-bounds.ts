/** Bounds on connections to upstreams, for every way of keeping them. */

/** Idle connections kept per upstream; more than bursts need only costs the stamp memory. */
export const freeSocketsMax = 128;
/** Shorter than the 65 s for which the other side keeps idle connections, so that it is us who close, and not it in the middle of a request. */
export const freeSocketMs = 30_000;
/** A stamp's answer with a larger head than this is broken; the same limit as towards clients, doubled for cookies set by it. */
export const answerHeadBytesMax = 32 * 1024;
