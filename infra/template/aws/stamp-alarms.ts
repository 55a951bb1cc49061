import type * as pulumi from '@pulumi/pulumi';
import type { AwsProfile } from '../profiles.js';
import type { Alarm } from './alarms.js';
import type { AwsService } from './service.js';

export interface WatchedStamp {
  readonly balancer: pulumi.Input<string>;
  readonly targets: pulumi.Input<string>;
  readonly clusterName: pulumi.Input<string>;
  readonly services: readonly AwsService[];
  readonly serviceLabels: readonly string[];
  readonly databaseId: pulumi.Input<string>;
  readonly cacheNodeIds: readonly string[];
  readonly fileSystemId: pulumi.Input<string>;
  readonly size: AwsProfile;
}

const gib = 1024 ** 3;
/** p95 of the storefront is far below; a person notices from about here (Nielsen: one second keeps the flow of thought). */
const slowSeconds = 1;
const errorsPerMinuteMax = 20;

/** What wakes people. Each says what it means and where to read on. */
export const stampAlarms = (w: WatchedStamp): readonly Alarm[] => {
  const door = { namespace: 'AWS/ApplicationELB', dimensions: { LoadBalancer: w.balancer, TargetGroup: w.targets } };
  const quiet = { silence: 'notBreaching' } as const;
  return [
    {
      ...door,
      ...quiet,
      what: 'errors',
      means: 'The workload answers with errors. Runbook: stamp_unavailable',
      metric: 'HTTPCode_Target_5XX_Count',
      statistic: 'Sum',
      when: 'above',
      threshold: errorsPerMinuteMax,
      minutes: 3,
    },
    {
      ...door,
      ...quiet,
      what: 'slow',
      means: 'One request in twenty takes longer than a second. Runbook: stamp_unavailable',
      metric: 'TargetResponseTime',
      statistic: 'p95',
      when: 'above',
      threshold: slowSeconds,
      minutes: 5,
    },
    ...downAlarms(w.clusterName, w.serviceLabels, w.services),
    ...databaseAlarms(w.databaseId, { storageGb: w.size.databaseGb, connectionsMax: w.size.databaseConnectionsMax }),
    ...w.cacheNodeIds.map((id): Alarm => ({
      ...quiet,
      namespace: 'AWS/ElastiCache',
      dimensions: { CacheClusterId: id },
      what: `cache-memory-${id.at(-1)}`,
      means: 'The cache is nearly full and forgets what is still asked for',
      metric: 'DatabaseMemoryUsagePercentage',
      statistic: 'Maximum',
      when: 'above',
      threshold: 90,
      minutes: 15,
    })),
    {
      ...quiet,
      namespace: 'AWS/EFS',
      dimensions: { FileSystemId: w.fileSystemId },
      what: 'files-io',
      means: 'The files are at the limit of what they can do: JetStream will be slow',
      metric: 'PercentIOLimit',
      statistic: 'Maximum',
      when: 'above',
      threshold: 90,
      minutes: 15,
    },
  ];
};

/** No task of a service runs. */
export const downAlarms = (
  clusterName: pulumi.Input<string>,
  labels: readonly string[],
  services: readonly AwsService[],
): readonly Alarm[] =>
  services.map((service, i): Alarm => ({
    namespace: 'ECS/ContainerInsights',
    dimensions: { ClusterName: clusterName, ServiceName: service.serviceName },
    what: `${labels[i]}-down`,
    means: `No task of ${labels[i]} runs. Runbook: stamp_unavailable`,
    metric: 'RunningTaskCount',
    statistic: 'Minimum',
    when: 'below',
    threshold: 1,
    minutes: 3,
    silence: 'breaching',
  }));

export const databaseAlarms = (
  id: pulumi.Input<string>,
  limits: { readonly storageGb: number; readonly connectionsMax: number },
): readonly Alarm[] => {
  const database = { namespace: 'AWS/RDS', dimensions: { DBInstanceIdentifier: id } };
  return [
    {
      ...database,
      silence: 'notBreaching',
      what: 'database-cpu',
      means: 'The database is busy for a quarter of an hour: slow statements, or a stamp that is too full',
      metric: 'CPUUtilization',
      statistic: 'Average',
      when: 'above',
      threshold: 85,
      minutes: 15,
    },
    {
      ...database,
      silence: 'notBreaching',
      what: 'database-storage',
      means: 'A tenth of the first storage is left. It grows by itself up to the profile’s limit: is the limit reached?',
      metric: 'FreeStorageSpace',
      statistic: 'Minimum',
      when: 'below',
      threshold: (limits.storageGb * gib) / 10,
      minutes: 5,
    },
    {
      ...database,
      silence: 'notBreaching',
      what: 'database-connections',
      means: 'More connections than the pools of this profile open: a leak, or pools that are too large',
      metric: 'DatabaseConnections',
      statistic: 'Maximum',
      when: 'above',
      threshold: limits.connectionsMax,
      minutes: 5,
    },
    {
      ...database,
      silence: 'notBreaching',
      what: 'replication-slot',
      means: 'A consumer of logical replication has stopped reading: a move of a tenant hangs',
      metric: 'OldestReplicationSlotLag',
      statistic: 'Maximum',
      when: 'above',
      threshold: 5 * gib,
      minutes: 10,
    },
  ];
};
