import { jest } from '@jest/globals';

/**
 * jest takes `testTimeout` for all projects together only. Unit tests keep its 5 s; those with real servers and processes get
 * what a busy machine may need, so that every wait inside fails by its own limit, which says what was waited for.
 */
const timeoutMs = 240_000;

jest.setTimeout(timeoutMs);
