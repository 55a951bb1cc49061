import { jest } from '@jest/globals';

/**
 * jest takes `testTimeout` for all projects together only, and unit tests have that one. Those with real servers and processes get
 * what a busy machine may need, so that every wait inside fails by its own limit, which says what was waited for.
 */
const timeoutMs = 240_000;

jest.setTimeout(timeoutMs);

/** Workers of one run choose ports from shares of their own: what one starts again must not find its port taken by another one. */
const portShares = 4;
process.env['LAPIDARY_PORT_SHARE'] = `${((Number(process.env['JEST_WORKER_ID'] ?? 1) - 1) % portShares) + 1}/${portShares}`;
