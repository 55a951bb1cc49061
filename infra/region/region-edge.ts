import { Listener } from '@pulumi/aws/lb/listener.js';
import { ListenerCertificate } from '@pulumi/aws/lb/listenerCertificate.js';
import { ListenerRule } from '@pulumi/aws/lb/listenerRule.js';
import { LoadBalancer } from '@pulumi/aws/lb/loadBalancer.js';
import { TargetGroup } from '@pulumi/aws/lb/targetGroup.js';
import * as pulumi from '@pulumi/pulumi';
import { addCertificate } from '../template/aws/certificate.js';
import { tlsPolicy } from '../template/aws/edge.js';
import { addFirewall } from '../template/aws/firewall.js';
import type { AwsNetwork } from '../template/aws/network.js';
import { componentType, nameOf, tagged, type StackOwner, type StackPlace } from '../template/aws/stack-owner.js';
import { aliasRecord } from './alias-record.js';
import { regionPorts, type RegionGroups } from './region-groups.js';

export interface RegionEdgeArgs {
  readonly owner: StackOwner;
  readonly place: StackPlace;
  readonly network: AwsNetwork;
  readonly groups: RegionGroups;
  readonly domain: string;
  readonly fleetZoneId: pulumi.Input<string>;
  /** `api.eu.example.com` */
  readonly apiName: string;
}

/** Longer than a router keeps an idle connection, so that it is the client's side who closes. */
const idleTimeoutSeconds = 120;
/** Event streams of consoles live long; they reconnect by themselves. */
const deregistrationSeconds = 30;
/** From one address, in five minutes; tenants behind one proxy share it, so it stops floods and nothing smaller. */
const requestsMax = 200_000;

/**
 * The region's public door: tenants' hosts go to the routers, the API's name to the control plane. Of all regions a client gets
 * the nearest whose door is healthy.
 */
export class RegionEdge extends pulumi.ComponentResource {
  readonly routerTargets: TargetGroup;
  readonly apiTargets: TargetGroup;
  readonly balancer: LoadBalancer;

  constructor(args: RegionEdgeArgs, options: pulumi.ComponentResourceOptions) {
    const { owner, place, network, groups, domain, fleetZoneId, apiName } = args;
    super(componentType(owner, 'Edge'), nameOf(owner, 'edge'), {}, options);
    const own = { parent: this };
    const id = nameOf(owner, 'public-door');
    const tags = tagged(owner, 'public-door');
    this.balancer = new LoadBalancer(
      id,
      {
        name: `lapidary-${owner.name}`,
        internal: false,
        loadBalancerType: 'application',
        subnets: [...network.publicSubnetIds],
        securityGroups: [groups.publicDoor],
        idleTimeout: idleTimeoutSeconds,
        dropInvalidHeaderFields: true,
        enableDeletionProtection: !place.unprotected,
        tags,
      },
      own,
    );
    this.routerTargets = this.targets(args, 'router', regionPorts.router, String(regionPorts.routerAdmin));
    this.apiTargets = this.targets(args, 'api', regionPorts.api, 'traffic-port');
    const listener = new Listener(
      id,
      {
        loadBalancerArn: this.balancer.arn,
        port: regionPorts.https,
        protocol: 'HTTPS',
        sslPolicy: tlsPolicy,
        certificateArn: addCertificate({ owner, what: 'tenants', domainName: `*.${domain}`, zoneId: fleetZoneId, parent: this }),
        defaultActions: [{ type: 'forward', targetGroupArn: this.routerTargets.arn }],
        tags,
      },
      own,
    );
    const certificateArn = addCertificate({ owner, what: 'api', domainName: apiName, zoneId: fleetZoneId, parent: this });
    new ListenerCertificate(nameOf(owner, 'api'), { listenerArn: listener.arn, certificateArn }, own);
    new ListenerRule(
      nameOf(owner, 'api'),
      {
        listenerArn: listener.arn,
        priority: 1,
        conditions: [{ hostHeader: { values: [apiName] } }],
        actions: [{ type: 'forward', targetGroupArn: this.apiTargets.arn }],
        tags: tagged(owner, 'api'),
      },
      own,
    );
    addFirewall({ owner, loadBalancerArn: this.balancer.arn, requestsMax, parent: this, by: 'address' });
    const nearestFor = { region: owner.name, awsRegion: place.awsRegion };
    const { balancer } = this;
    aliasRecord({ id: nameOf(owner, 'tenants'), zoneId: fleetZoneId, name: `*.${domain}`, balancer, nearestFor, parent: this });
    aliasRecord({ id: nameOf(owner, 'api'), zoneId: fleetZoneId, name: apiName, balancer, parent: this });
    this.registerOutputs();
  }

  private targets({ owner, network }: RegionEdgeArgs, what: string, port: number, healthPort: string): TargetGroup {
    return new TargetGroup(
      nameOf(owner, what),
      {
        port,
        protocol: 'HTTP',
        targetType: 'ip',
        vpcId: network.vpcId,
        deregistrationDelay: deregistrationSeconds,
        healthCheck: { path: '/readyz', port: healthPort, interval: 5, timeout: 2, healthyThreshold: 2, unhealthyThreshold: 2 },
        tags: tagged(owner, what),
      },
      { parent: this },
    );
  }
}
