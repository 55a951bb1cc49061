import { MetricAlarm } from '@pulumi/aws/cloudwatch/metricAlarm.js';
import { Listener } from '@pulumi/aws/lb/listener.js';
import { LoadBalancer } from '@pulumi/aws/lb/loadBalancer.js';
import { TargetGroup } from '@pulumi/aws/lb/targetGroup.js';
import { HealthCheck } from '@pulumi/aws/route53/healthCheck.js';
import { Record as DnsRecord } from '@pulumi/aws/route53/record.js';
import * as pulumi from '@pulumi/pulumi';
import { agentHealthPath } from '@lapidary/contracts/workload';
import type { AwsProfile } from '../profiles.js';
import { addCertificate } from './certificate.js';
import { addFirewall } from './firewall.js';
import { formerly } from './formerly.js';
import type { AwsGroups } from './groups.js';
import type { AwsNetwork } from './network.js';
import { ports } from './security-group.js';
import { componentType, nameOf, tagged, type StackOwner, type StackPlace } from './stack-owner.js';

export interface AwsEdgeArgs {
  readonly owner: StackOwner;
  readonly place: StackPlace;
  readonly size: AwsProfile;
  readonly network: AwsNetwork;
  readonly groups: AwsGroups;
  /** The zone that the region's program made for its stamps, and its domain. */
  readonly zoneId: pulumi.Input<string>;
  readonly domain: pulumi.Input<string>;
  readonly alarmTopicArn: pulumi.Input<string>;
}

/** TLS 1.2 and 1.3 with forward secrecy only. */
export const tlsPolicy = 'ELBSecurityPolicy-TLS13-1-2-2021-06';
/** Longer than the router keeps an idle connection, so that it is the router who closes (no race on reuse). */
const idleTimeoutSeconds = 120;
/** As long as the router waits for an answer. */
const deregistrationSeconds = 30;
/** All of a stamp's share: the record is one of one, and goes away when the health check says so. */
const wholeWeight = 100;

/**
 * The stamp's front door: an internal load balancer before the agent, under TLS, with a name, a health check and a firewall. It
 * has no public address on purpose: tenants' headers are believed because only routers can send them (I4).
 */
export class AwsEdge extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;
  readonly targetGroupArn: pulumi.Output<string>;
  /** As CloudWatch's metrics name them. */
  readonly balancerDimension: pulumi.Output<string>;
  readonly targetDimension: pulumi.Output<string>;

  constructor(args: AwsEdgeArgs, options: pulumi.ComponentResourceOptions) {
    const { owner, network, groups } = args;
    const former = formerly(['lapidary:stamp:Stamp', 'lapidary:stamp:Compute', 'lapidary:stamp:FrontDoor'], nameOf(owner, 'front-door'));
    super(componentType(owner, 'Edge'), nameOf(owner, 'edge'), {}, { ...options, aliases: [former] });
    const own = { parent: this };
    const id = nameOf(owner, 'front-door');
    const tags = tagged(owner, 'front-door');
    const name = pulumi.interpolate`${owner.name}.${args.domain}`;
    const balancer = new LoadBalancer(
      id,
      {
        name: `lapidary-${owner.name}`,
        internal: true,
        loadBalancerType: 'application',
        subnets: [...network.privateSubnetIds],
        securityGroups: [groups.frontDoor],
        idleTimeout: idleTimeoutSeconds,
        dropInvalidHeaderFields: true,
        enableDeletionProtection: !args.place.unprotected,
        tags,
      },
      own,
    );
    const targets = this.targets(args);
    const certificateArn = addCertificate({ owner, what: 'front-door', domainName: name, zoneId: args.zoneId, parent: this });
    new Listener(
      id,
      {
        loadBalancerArn: balancer.arn,
        port: ports.https,
        protocol: 'HTTPS',
        sslPolicy: tlsPolicy,
        certificateArn,
        defaultActions: [{ type: 'forward', targetGroupArn: targets.arn }],
        tags,
      },
      own,
    );
    addFirewall({ owner, loadBalancerArn: balancer.arn, requestsMax: args.size.tenantRequestsPerFiveMinutes, parent: this });
    this.name(args, name, balancer, targets);
    this.url = pulumi.interpolate`https://${name}`;
    this.targetGroupArn = targets.arn;
    this.balancerDimension = balancer.arnSuffix;
    this.targetDimension = targets.arnSuffix;
    this.registerOutputs();
  }

  private targets({ owner, network }: AwsEdgeArgs): TargetGroup {
    return new TargetGroup(
      nameOf(owner, 'agent'),
      {
        port: ports.agent,
        protocol: 'HTTP',
        targetType: 'ip',
        vpcId: network.vpcId,
        deregistrationDelay: deregistrationSeconds,
        healthCheck: { path: agentHealthPath, interval: 5, timeout: 2, healthyThreshold: 2, unhealthyThreshold: 2 },
        tags: tagged(owner, 'front-door'),
      },
      { parent: this },
    );
  }

  /** A private address can't be probed from outside: the health check follows an alarm on what the load balancer sees. */
  private name(args: AwsEdgeArgs, name: pulumi.Output<string>, balancer: LoadBalancer, targets: TargetGroup): void {
    const { owner, place } = args;
    const own = { parent: this };
    const alarm = new MetricAlarm(
      nameOf(owner, 'front-door-down'),
      {
        name: `lapidary-${owner.name}-front-door-down`,
        alarmDescription: `No healthy agent behind the front door of ${owner.name}. Runbook: stamp_unavailable`,
        namespace: 'AWS/ApplicationELB',
        metricName: 'HealthyHostCount',
        dimensions: { LoadBalancer: balancer.arnSuffix, TargetGroup: targets.arnSuffix },
        statistic: 'Maximum',
        period: 60,
        evaluationPeriods: 2,
        comparisonOperator: 'LessThanThreshold',
        threshold: 1,
        treatMissingData: 'breaching',
        alarmActions: [args.alarmTopicArn],
        okActions: [args.alarmTopicArn],
        tags: tagged(owner, 'front-door-down'),
      },
      own,
    );
    const health = new HealthCheck(
      nameOf(owner, 'front-door'),
      {
        type: 'CLOUDWATCH_METRIC',
        cloudwatchAlarmName: alarm.name,
        cloudwatchAlarmRegion: place.awsRegion,
        // A stamp that can't be watched is taken for as it was last seen: losing CloudWatch must not take stamps away.
        insufficientDataHealthStatus: 'LastKnownStatus',
        tags: tagged(owner, 'front-door'),
      },
      own,
    );
    new DnsRecord(
      nameOf(owner, 'front-door'),
      {
        zoneId: args.zoneId,
        name,
        type: 'A',
        aliases: [{ name: balancer.dnsName, zoneId: balancer.zoneId, evaluateTargetHealth: true }],
        setIdentifier: owner.name,
        weightedRoutingPolicies: [{ weight: wholeWeight }],
        healthCheckId: health.id,
      },
      own,
    );
  }
}
