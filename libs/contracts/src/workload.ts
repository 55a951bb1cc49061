/**
 * The contract between router, stamp agent and workload: headers in, health out. docs/reference/workload-contract.md
 * explains it to people who bring their own workload.
 */

/** Which tenant this request is for. Set by the router, checked by the agent, never taken from a client. */
export const tenantHeader = 'x-lapidary-tenant';
/** Epoch of the placement by which the router chose the stamp (I4). */
export const epochHeader = 'x-lapidary-epoch';
/** Which stamp answered; set by the agent on every answer. */
export const stampHeader = 'x-lapidary-stamp';
/** On a 421: the epoch the stamp holds for the tenant, or "none". */
export const hintHeader = 'x-lapidary-held-epoch';
/** Error code from the catalogue on every answer that router or agent made themselves. */
export const errorHeader = 'x-lapidary-error';
export const requestIdHeader = 'x-request-id';

/** Every header with this prefix is ours: stripped from what clients send (also with "_" for "-"). */
export const internalHeaderPrefix = 'x-lapidary-';

/** The workload answers 200 here once it can serve. */
export const workloadHealthPath = '/healthz';
/** The agent's own health, on the front door; needs no tenant. */
export const agentHealthPath = '/_lapidary/healthz';
