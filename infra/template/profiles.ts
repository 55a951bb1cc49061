import type { StampSpec } from '@lapidary/contracts/stamp-spec';

export interface TaskSize {
  /** Fargate accepts only certain pairs of CPU units (1024 to a vCPU) and MB. */
  readonly cpu: number;
  readonly memoryMb: number;
}

export interface AwsProfile {
  readonly network: {
    readonly zoneCount: 2 | 3;
    readonly natPerZone: boolean;
    readonly interfaceEndpoints: boolean;
  };
  readonly databaseClass: string;
  readonly databaseGb: number;
  /** Storage grows by itself up to this. */
  readonly databaseGbMax: number;
  /** More than all pools of the workload together open at its largest. */
  readonly databaseConnectionsMax: number;
  readonly cacheNode: string;
  readonly cacheNodes: number;
  readonly natsServers: 1 | 3;
  readonly nats: TaskSize & { readonly storageGb: number };
  readonly agent: TaskSize;
  readonly workload: TaskSize & { readonly min: number; readonly max: number };
  /** The firewall's limit; above what the routers' own limits let through. */
  readonly tenantRequestsPerFiveMinutes: number;
}

/** What a size means, per target. Small fits a laptop or a pilot; medium some dozens of tenants; large a few hundred. */
export interface Profile {
  readonly local: {
    /** Heap of each of the stamp's processes. */
    readonly heapMb: number;
    /** Connections that the stamp's role may hold on the region's Postgres. */
    readonly databaseConnections: number;
  };
  readonly aws: AwsProfile;
}

export const profileOf: Readonly<Record<StampSpec['profile'], Profile>> = {
  small: {
    local: { heapMb: 128, databaseConnections: 20 },
    aws: {
      network: { zoneCount: 2, natPerZone: false, interfaceEndpoints: false },
      databaseClass: 'db.t4g.medium',
      databaseGb: 50,
      databaseGbMax: 200,
      databaseConnectionsMax: 150,
      cacheNode: 'cache.t4g.small',
      cacheNodes: 2,
      natsServers: 1,
      nats: { cpu: 256, memoryMb: 512, storageGb: 5 },
      agent: { cpu: 256, memoryMb: 512 },
      workload: { cpu: 512, memoryMb: 1024, min: 2, max: 6 },
      tenantRequestsPerFiveMinutes: 60_000,
    },
  },
  medium: {
    local: { heapMb: 256, databaseConnections: 40 },
    aws: {
      network: { zoneCount: 2, natPerZone: true, interfaceEndpoints: true },
      databaseClass: 'db.m7g.large',
      databaseGb: 200,
      databaseGbMax: 1000,
      databaseConnectionsMax: 400,
      cacheNode: 'cache.m7g.large',
      cacheNodes: 2,
      natsServers: 3,
      nats: { cpu: 512, memoryMb: 1024, storageGb: 20 },
      agent: { cpu: 512, memoryMb: 1024 },
      workload: { cpu: 1024, memoryMb: 2048, min: 3, max: 12 },
      tenantRequestsPerFiveMinutes: 150_000,
    },
  },
  large: {
    local: { heapMb: 512, databaseConnections: 80 },
    aws: {
      network: { zoneCount: 3, natPerZone: true, interfaceEndpoints: true },
      databaseClass: 'db.r7g.xlarge',
      databaseGb: 500,
      databaseGbMax: 4000,
      databaseConnectionsMax: 900,
      cacheNode: 'cache.r7g.large',
      cacheNodes: 3,
      natsServers: 3,
      nats: { cpu: 1024, memoryMb: 2048, storageGb: 50 },
      agent: { cpu: 1024, memoryMb: 2048 },
      workload: { cpu: 2048, memoryMb: 4096, min: 6, max: 24 },
      tenantRequestsPerFiveMinutes: 300_000,
    },
  },
};
