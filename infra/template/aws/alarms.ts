import { MetricAlarm } from '@pulumi/aws/cloudwatch/metricAlarm.js';
import type * as pulumi from '@pulumi/pulumi';
import { nameOf, tagged, type StackOwner } from './stack-owner.js';

/** One alarm as data. All look at whole minutes. */
export interface Alarm {
  readonly what: string;
  /** Said to whoever is woken; names the runbook. */
  readonly means: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, pulumi.Input<string>>>;
  /** `p95` and the like, or one of CloudWatch's own. */
  readonly statistic: 'Average' | 'Maximum' | 'Minimum' | 'Sum' | `p${number}`;
  readonly when: 'above' | 'below';
  readonly threshold: number;
  readonly minutes: number;
  /** What silence means: of traffic it is no fault, of a task it is one. */
  readonly silence: 'notBreaching' | 'breaching';
}

export const addAlarms = (
  owner: StackOwner,
  alarms: readonly Alarm[],
  topicArn: pulumi.Input<string>,
  parent: pulumi.Resource,
): readonly MetricAlarm[] =>
  alarms.map(
    (alarm) =>
      new MetricAlarm(
        nameOf(owner, alarm.what),
        {
          name: `lapidary-${owner.name}-${alarm.what}`,
          alarmDescription: alarm.means,
          namespace: alarm.namespace,
          metricName: alarm.metric,
          dimensions: { ...alarm.dimensions },
          ...(alarm.statistic.startsWith('p') ? { extendedStatistic: alarm.statistic } : { statistic: alarm.statistic }),
          period: 60,
          evaluationPeriods: alarm.minutes,
          datapointsToAlarm: alarm.minutes,
          comparisonOperator: alarm.when === 'above' ? 'GreaterThanThreshold' : 'LessThanThreshold',
          threshold: alarm.threshold,
          treatMissingData: alarm.silence,
          alarmActions: [topicArn],
          okActions: [topicArn],
          tags: tagged(owner, alarm.what),
        },
        { parent },
      ),
  );
