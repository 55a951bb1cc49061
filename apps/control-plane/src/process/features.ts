import type { Type } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { CallersModule } from '../callers/callers.module.js';
import { CapacityModule } from '../capacity/capacity.module.js';
import { CollectionsModule } from '../collections/collections.module.js';
import { DecommissionModule } from '../decommission/decommission.module.js';
import { DigestsModule } from '../digests/digests.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { DriftModule } from '../drift/drift.module.js';
import { GivenUpModule } from '../given-up/given-up.module.js';
import { HealthModule } from '../health/health.module.js';
import { SystemModule } from '../http/system.module.js';
import { IntentsModule } from '../intents/intents.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { LiveModule } from '../live/live.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { ProvisioningModule } from '../provisioning/provisioning.module.js';
import { RecoveryModule } from '../recovery/recovery.module.js';
import { RegionsModule } from '../regions/regions.module.js';
import { ReplicationModule } from '../replication/replication.module.js';
import { RolloutsModule } from '../rollouts/rollouts.module.js';
import { StampsModule } from '../stamps/stamps.module.js';
import { TenantsModule } from '../tenants/tenants.module.js';

/** The domain and its API: works with a database alone. */
export const domainFeatures: readonly Type[] = [
  SystemModule,
  AuthModule,
  AuditModule,
  CallersModule,
  RegionsModule,
  StampsModule,
  TenantsModule,
  CollectionsModule,
];

/** Everything a control plane runs. */
export const allFeatures: readonly Type[] = [
  ...domainFeatures,
  OutboxModule,
  DirectoryModule,
  ReplicationModule,
  RecoveryModule,
  IntentsModule,
  DigestsModule,
  HealthModule,
  LiveModule,
  JobsModule,
  ProvisioningModule,
  DecommissionModule,
  CapacityModule,
  LimitsModule,
  DriftModule,
  RolloutsModule,
  GivenUpModule,
];
