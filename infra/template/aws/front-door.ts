import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import { Listener } from '@pulumi/aws/lb/listener.js';
import { LoadBalancer } from '@pulumi/aws/lb/loadBalancer.js';
import { TargetGroup } from '@pulumi/aws/lb/targetGroup.js';
import * as pulumi from '@pulumi/pulumi';
import { agentHealthPath } from '@lapidary/contracts/workload';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import type { AwsNetwork } from './network.js';
import { named } from './tags.js';

export interface FrontDoorArgs {
  readonly spec: StampSpec;
  readonly network: AwsNetwork;
  readonly agentPort: number;
}

/** The fleet's private addresses: routers sit in there, nobody else is let in. */
const fleetCidr = '10.0.0.0/8';
/** Longer than the router keeps an idle connection, so that it is the router who closes (no race on reuse). */
const idleTimeoutSeconds = 120;
/** As long as the router waits for an answer. */
const deregistrationSeconds = 30;

/** An internal load balancer before the stamp's agent. Reached from the routers over the fleet's private network. */
export class FrontDoor extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;
  readonly targetGroupArn: pulumi.Output<string>;

  constructor({ spec, network, agentPort }: FrontDoorArgs, options: pulumi.ComponentResourceOptions) {
    super('lapidary:stamp:FrontDoor', `${spec.name}-front-door`, {}, options);
    const own = { parent: this };
    const tags = named(spec, `${spec.name}-front-door`);
    const group = new SecurityGroup(
      `${spec.name}-front-door`,
      {
        vpcId: network.vpcId,
        description: `Front door of stamp ${spec.name}`,
        ingress: [{ protocol: 'tcp', fromPort: 80, toPort: 80, cidrBlocks: [fleetCidr], description: 'Routers' }],
        egress: [{ protocol: 'tcp', fromPort: agentPort, toPort: agentPort, cidrBlocks: [network.cidr], description: 'The agent' }],
        tags,
      },
      own,
    );
    const balancer = new LoadBalancer(
      `${spec.name}-front-door`,
      {
        name: `lapidary-${spec.name}`,
        internal: true,
        loadBalancerType: 'application',
        subnets: [...network.privateSubnetIds],
        securityGroups: [group.id],
        idleTimeout: idleTimeoutSeconds,
        dropInvalidHeaderFields: true,
        enableDeletionProtection: true,
        tags,
      },
      own,
    );
    const targets = new TargetGroup(
      `${spec.name}-agent`,
      {
        port: agentPort,
        protocol: 'HTTP',
        targetType: 'ip',
        vpcId: network.vpcId,
        deregistrationDelay: deregistrationSeconds,
        healthCheck: { path: agentHealthPath, interval: 5, timeout: 2, healthyThreshold: 2, unhealthyThreshold: 2 },
        tags,
      },
      own,
    );
    new Listener(
      `${spec.name}-front-door`,
      {
        loadBalancerArn: balancer.arn,
        port: 80,
        protocol: 'HTTP',
        defaultActions: [{ type: 'forward', targetGroupArn: targets.arn }],
        tags,
      },
      own,
    );
    this.url = pulumi.interpolate`http://${balancer.dnsName}`;
    this.targetGroupArn = targets.arn;
    this.registerOutputs();
  }
}
