import { monotonicFactory } from 'ulid';
import type { JobId, RegionName } from './names.js';

const nextUlid = monotonicFactory();

/** A ULID: 26 characters, sortable by creation time, ascending within this process. */
export const newId = (): string => nextUlid();

export const newJobId = (region: RegionName | string): JobId => `${region}.${newId()}` as JobId;
