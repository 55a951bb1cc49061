import { Budget } from '@pulumi/aws/budgets/budget.js';
import { Dashboard } from '@pulumi/aws/cloudwatch/dashboard.js';
import * as pulumi from '@pulumi/pulumi';
import { addAlarms, type Alarm } from './alarms.js';
import { componentType, nameOf, tagged, type StackOwner, type StackPlace } from './stack-owner.js';

export interface AwsObservabilityArgs {
  readonly owner: StackOwner;
  readonly place: StackPlace;
  readonly alarms: readonly Alarm[];
  readonly alarmTopicArn: pulumi.Input<string>;
  readonly monthlyUsdMax: number;
}

/** Six of 24 columns of a dashboard. */
const widget = { width: 6, height: 6 };
const columns = 4;

/** What is watched, who is told, what it may cost. Logs belong to the services that write them. */
export class AwsObservability extends pulumi.ComponentResource {
  readonly dashboardUrl: string;

  constructor(args: AwsObservabilityArgs, options: pulumi.ComponentResourceOptions) {
    const { owner, place } = args;
    super(componentType(owner, 'Observability'), nameOf(owner, 'observability'), {}, options);
    addAlarms(owner, args.alarms, args.alarmTopicArn, this);
    const name = `lapidary-${owner.name}`;
    new Dashboard(nameOf(owner, 'dashboard'), { dashboardName: name, dashboardBody: dashboardOf(args) }, { parent: this });
    // Filtered by the tag that everything carries; AWS counts it once the tag is activated for cost allocation.
    const tag = owner.kind === 'stamp' ? 'stamp' : 'region';
    const notification = (type: 'ACTUAL' | 'FORECASTED', percent: number) => ({
      comparisonOperator: 'GREATER_THAN',
      threshold: percent,
      thresholdType: 'PERCENTAGE',
      notificationType: type,
      subscriberSnsTopicArns: [args.alarmTopicArn],
    });
    new Budget(
      nameOf(owner, 'budget'),
      {
        name,
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        limitAmount: String(args.monthlyUsdMax),
        limitUnit: 'USD',
        costFilters: [{ name: 'TagKeyValue', values: [`user:${tag}$${owner.name}`] }],
        notifications: [notification('ACTUAL', 80), notification('FORECASTED', 100)],
        tags: tagged(owner, 'budget'),
      },
      { parent: this },
    );
    this.dashboardUrl = `https://${place.awsRegion}.console.aws.amazon.com/cloudwatch/home#dashboards:name=${name}`;
    this.registerOutputs();
  }
}

/** One graph per alarm, with its threshold drawn in: what wakes people is what they then look at. */
const dashboardOf = ({ alarms, place }: AwsObservabilityArgs): pulumi.Output<string> =>
  pulumi.jsonStringify({
    widgets: alarms.map((alarm, i) => ({
      type: 'metric',
      x: (i % columns) * widget.width,
      y: Math.floor(i / columns) * widget.height,
      ...widget,
      properties: {
        title: alarm.what,
        region: place.awsRegion,
        stat: alarm.statistic,
        period: 60,
        metrics: [[alarm.namespace, alarm.metric, ...Object.entries(alarm.dimensions).flat()]],
        annotations: { horizontal: [{ label: 'alarm', value: alarm.threshold }] },
      },
    })),
  });
