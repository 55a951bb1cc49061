import { Policy } from '@pulumi/aws/appautoscaling/policy.js';
import { Target } from '@pulumi/aws/appautoscaling/target.js';
import type { Service } from '@pulumi/aws/ecs/service.js';
import * as pulumi from '@pulumi/pulumi';
import type { ServiceGround } from './service-ground.js';
import { nameOf, tagged } from './stack-owner.js';

export interface Scaling {
  readonly min: number;
  readonly max: number;
}

/** Leaves a zone's worth of room: of two zones either can carry what both did at this load for the minutes until it has grown. */
const cpuPercent = 55;
/** Out at once, in only when the quiet has lasted: a scale-in that comes too early costs the next peak. */
const scaleOutSeconds = 60;
const scaleInSeconds = 300;

/** Between `min` and `max` tasks, so that their processors are about half busy. */
export const addScaling = (args: {
  readonly ground: ServiceGround;
  readonly what: string;
  readonly service: Service;
  readonly scaling: Scaling;
  readonly parent: pulumi.Resource;
}): void => {
  const { ground, what, scaling, parent } = args;
  const id = nameOf(ground.owner, what);
  const dimension = { scalableDimension: 'ecs:service:DesiredCount', serviceNamespace: 'ecs' };
  const target = new Target(
    id,
    {
      ...dimension,
      resourceId: pulumi.interpolate`service/${ground.clusterName}/${args.service.name}`,
      minCapacity: scaling.min,
      maxCapacity: scaling.max,
      tags: tagged(ground.owner, what),
    },
    { parent },
  );
  new Policy(
    id,
    {
      ...dimension,
      name: `${id}-cpu`,
      policyType: 'TargetTrackingScaling',
      resourceId: target.resourceId,
      targetTrackingScalingPolicyConfiguration: {
        targetValue: cpuPercent,
        scaleInCooldown: scaleInSeconds,
        scaleOutCooldown: scaleOutSeconds,
        predefinedMetricSpecification: { predefinedMetricType: 'ECSServiceAverageCPUUtilization' },
      },
    },
    { parent },
  );
};
