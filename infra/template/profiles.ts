import type { StampSpec } from '@lapidary/contracts/stamp-spec';

/** What a size means, per target. Small fits a laptop or a pilot; medium some dozens of tenants; large a few hundred. */
export interface Profile {
  readonly local: {
    /** Heap of each of the stamp's processes. */
    readonly heapMb: number;
    /** Connections that the stamp's role may hold on the region's Postgres. */
    readonly databaseConnections: number;
  };
  readonly aws: {
    readonly databaseClass: string;
    readonly databaseGb: number;
    /** Storage grows by itself up to this. */
    readonly databaseGbMax: number;
    readonly workloadCount: number;
    /** Fargate accepts only certain pairs of CPU units and MB. */
    readonly cpu: number;
    readonly memoryMb: number;
  };
}

export const profileOf: Readonly<Record<StampSpec['profile'], Profile>> = {
  small: {
    local: { heapMb: 128, databaseConnections: 20 },
    aws: { databaseClass: 'db.t4g.medium', databaseGb: 50, databaseGbMax: 200, workloadCount: 2, cpu: 512, memoryMb: 1024 },
  },
  medium: {
    local: { heapMb: 256, databaseConnections: 40 },
    aws: { databaseClass: 'db.m7g.large', databaseGb: 200, databaseGbMax: 1000, workloadCount: 3, cpu: 1024, memoryMb: 2048 },
  },
  large: {
    local: { heapMb: 512, databaseConnections: 80 },
    aws: { databaseClass: 'db.r7g.xlarge', databaseGb: 500, databaseGbMax: 4000, workloadCount: 6, cpu: 2048, memoryMb: 4096 },
  },
};
