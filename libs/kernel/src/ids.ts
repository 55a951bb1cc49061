import { monotonicFactory } from 'ulid';
import type { DriftId, JobId, RegionName } from './names.js';

const nextUlid = monotonicFactory();

/** A ULID: 26 characters, sortable by creation time, ascending within this process. */
export const newId = (): string => nextUlid();

export const newJobId = (region: RegionName | string): JobId => `${region}.${newId()}` as JobId;

/** For drift findings, runs and suppressions: kept by one region, asked for anywhere. */
export const newDriftId = (region: RegionName | string): DriftId => `${region}.${newId()}` as DriftId;
