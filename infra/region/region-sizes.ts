import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import type { TaskSize } from '../template/profiles.js';

export interface RegionSize {
  readonly databaseClass: string;
  readonly databaseGb: number;
  readonly databaseGbMax: number;
  readonly nats: TaskSize & { readonly storageGb: number };
  readonly controlPlane: TaskSize & { readonly count: number };
  readonly router: TaskSize & { readonly min: number; readonly max: number };
  readonly natPerZone: boolean;
  readonly monthlyUsdMax: number;
}

/**
 * The control plane is small beside its stamps: some rows per tenant, some hundred events a second. What grows with traffic are
 * the routers. Small: a pilot; medium: tens of stamps; large: a hundred and more.
 */
export const regionSizeOf: Readonly<Record<StampSpec['profile'], RegionSize>> = {
  small: {
    databaseClass: 'db.t4g.medium',
    databaseGb: 50,
    databaseGbMax: 200,
    nats: { cpu: 256, memoryMb: 512, storageGb: 64 },
    controlPlane: { cpu: 512, memoryMb: 2048, count: 2 },
    router: { cpu: 512, memoryMb: 1024, min: 2, max: 6 },
    natPerZone: false,
    monthlyUsdMax: 900,
  },
  medium: {
    databaseClass: 'db.m7g.large',
    databaseGb: 100,
    databaseGbMax: 500,
    nats: { cpu: 512, memoryMb: 1024, storageGb: 64 },
    controlPlane: { cpu: 1024, memoryMb: 4096, count: 2 },
    router: { cpu: 1024, memoryMb: 2048, min: 3, max: 12 },
    natPerZone: true,
    monthlyUsdMax: 1800,
  },
  large: {
    databaseClass: 'db.r7g.large',
    databaseGb: 200,
    databaseGbMax: 1000,
    nats: { cpu: 1024, memoryMb: 2048, storageGb: 64 },
    controlPlane: { cpu: 2048, memoryMb: 8192, count: 3 },
    router: { cpu: 2048, memoryMb: 4096, min: 6, max: 30 },
    natPerZone: true,
    monthlyUsdMax: 3500,
  },
};
