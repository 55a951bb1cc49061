/** Times and sizes of provisioning. The steps' time-outs hold for a cloud; on one machine each takes some seconds. */

/** Specs are a screen of text; whatever is larger is not one. */
export const specFileBytesMax = 64 * 1024;

export const resolveTimeoutMs = 10_000;
/** Databases in a cloud take a quarter of an hour; twice that means that something hangs. */
export const applyTimeoutMs = 30 * 60_000;
/** The agent registers within a second of its start; a minute allows for a machine that swaps or an image that is pulled. */
export const registerTimeoutMs = 60_000;
export const verifyTimeoutMs = 60_000;
export const activateTimeoutMs = 10_000;

/** Nothing announces these conditions across processes in every case, so they are looked at this often. */
export const pollMs = 250;
/** One question to a front door. A stamp that needs longer for its health is not well. */
export const healthRequestMs = 2_000;
/** Heartbeats missed before a registration counts as stale. */
export const heartbeatsMissedMax = 3;

/** After "cancel", the child finishes the resource in hand; then it is killed. Shorter than the runner's own grace. */
export const childCancelGraceMs = 15_000;
/** At shut-down the child is told and then left: it ends by itself when the channel closes. Shorter than the runner's own grace. */
export const childShutdownGraceMs = 3_000;
/** After its result the child has only to end. */
export const childExitGraceMs = 5_000;
/** Last output of the child that is kept for the error. */
export const childOutputBytesMax = 8 * 1024;
/** A child that crashed, or failed with something that passes, is started this often per step in all. */
export const childTriesMax = 4;
export const childRetryFirstMs = 500;
export const childRetryMaxMs = 8_000;
/** An orphaned child saves its work and ends within 90 s (infra/engine/provisioner-main); waiting for its lock is not a failure until then. */
export const lockWaitMs = 120_000;

/**
 * The lease on a stack while a child changes it. Short, so that who comes after a process that died waits little; the margin is for
 * a garbage collection or a busy machine between the end that we count and the one that Postgres counts.
 */
export const engineLeaseMs = 12_000;
export const engineLeaseRenewMs = 2_000;
export const engineLeaseMarginMs = 2_000;

/** A warm preview takes a tenth of a second, a fleet's queue of them seconds; with the real CLI and a cloud, minutes. */
export const plannerAnswerMs = 120_000;
/** The planner holds some hundred MB; without questions it is let go, and costs the next one the second of its start. */
export const plannerIdleMs = 5 * 60_000;
/** After a plan of forty stamps for AWS it has up to 490 MB (docs/benchmarks.md). More means that something is kept. */
export const plannerResidentBytesMax = 768 * 1024 * 1024;
/** A whole fleet's plan and then some; each waiting question holds a spec. */
export const plannerWaitingMax = 500;
