import type * as pulumi from '@pulumi/pulumi';
import type { Alarm } from '../template/aws/alarms.js';
import { databaseAlarms, downAlarms } from '../template/aws/stamp-alarms.js';
import type { AwsService } from '../template/aws/service.js';
import type { RegionEdge } from './region-edge.js';
import type { RegionMessaging } from './region-messaging.js';
import type { RegionSize } from './region-sizes.js';

/** Pools of the control planes (16 for the API, and those of jobs and replication) times their number, with room for people. */
const connectionsMax = 150;
const errorsPerMinuteMax = 50;

/** What wakes people about a region's control plane. Traffic goes on without it (I7), so the routers are watched first. */
export const regionAlarms = (w: {
  readonly edge: RegionEdge;
  readonly clusterName: pulumi.Input<string>;
  readonly services: readonly AwsService[];
  readonly messaging: RegionMessaging;
  readonly databaseId: pulumi.Input<string>;
  readonly size: RegionSize;
}): readonly Alarm[] => {
  const door = (targets: RegionEdge['routerTargets']) => ({ LoadBalancer: w.edge.balancer.arnSuffix, TargetGroup: targets.arnSuffix });
  const errors = (what: string, targets: RegionEdge['routerTargets'], means: string): Alarm => ({
    what,
    means,
    namespace: 'AWS/ApplicationELB',
    dimensions: door(targets),
    metric: 'HTTPCode_Target_5XX_Count',
    statistic: 'Sum',
    when: 'above',
    threshold: errorsPerMinuteMax,
    minutes: 3,
    silence: 'notBreaching',
  });
  return [
    errors('router-errors', w.edge.routerTargets, 'Routers answer tenants with errors. Runbook: stamp_unavailable'),
    errors('api-errors', w.edge.apiTargets, 'The control plane answers with errors. Runbook: not_ready'),
    ...downAlarms(w.clusterName, ['control-plane', 'router', 'nats-1', 'nats-2', 'nats-3'], [...w.services, ...w.messaging.services]),
    ...databaseAlarms(w.databaseId, { storageGb: w.size.databaseGb, connectionsMax }),
  ];
};
