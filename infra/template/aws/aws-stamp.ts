import * as pulumi from '@pulumi/pulumi';
import { costClassOf } from '../../policy/cost-classes.js';
import { profileOf } from '../profiles.js';
import type { StampInputs } from '../stamp-inputs.js';
import type { TargetOutputs } from '../target-outputs.js';
import { stampAddresses } from './address-plan.js';
import { AwsCompute, runStampServices } from './compute.js';
import { AwsData } from './data.js';
import { AwsEdge } from './edge.js';
import { AwsGroups } from './groups.js';
import { AwsKeys } from './keys.js';
import { AwsMessaging } from './messaging.js';
import { AwsNetwork } from './network.js';
import { AwsObservability } from './observability.js';
import { ownProvider } from './own-provider.js';
import { parameterValue } from './region-facts.js';
import { stampAlarms } from './stamp-alarms.js';
import { stampOwner } from './stack-owner.js';

/** A stamp in AWS. */
export class AwsStamp extends pulumi.ComponentResource {
  readonly outputs: TargetOutputs;

  constructor({ spec, region, unprotected }: StampInputs, options: pulumi.ComponentResourceOptions) {
    super('lapidary:stamp:Stamp', spec.name, {}, options);
    const owner = stampOwner(spec);
    const place = { ...region, unprotected: unprotected ?? false };
    const size = profileOf[spec.profile].aws;
    const child = { parent: this, providers: { aws: ownProvider(owner, place, this) } };
    const keys = new AwsKeys({ owner, place }, child);
    const of = (parameter: 'transitGatewayId' | 'zoneId' | 'domain' | 'alarmTopicArn') => parameterValue(spec.region, parameter, keys);
    const network = new AwsNetwork(
      {
        owner,
        place,
        ...size.network,
        addresses: stampAddresses(spec.name, region.awsRegion),
        logsKeyArn: keys.logs,
        transitGatewayId: of('transitGatewayId'),
      },
      child,
    );
    const groups = new AwsGroups({ owner, vpcId: network.vpcId }, child);
    const data = new AwsData({ owner, place, size, network, groups, keys }, child);
    const alarmTopicArn = of('alarmTopicArn');
    const edge = new AwsEdge({ owner, place, size, network, groups, zoneId: of('zoneId'), domain: of('domain'), alarmTopicArn }, child);
    const compute = new AwsCompute({ owner, place, network, keys }, child);
    const { ground } = compute;
    const messaging = new AwsMessaging(
      { ground, region: spec.region, accountId: keys.accountId, size, files: data.files, securityGroupId: groups.messaging },
      child,
    );
    const services = runStampServices({ spec, size, compute, keys, groups, data, messaging, edge });
    const alarms = stampAlarms({
      balancer: edge.balancerDimension,
      targets: edge.targetDimension,
      clusterName: ground.clusterName,
      services: [services.agent, services.workload, ...messaging.services],
      serviceLabels: ['agent', 'workload', ...messaging.services.map((_, i) => `nats-${i + 1}`)],
      databaseId: data.identifier,
      cacheNodeIds: Array.from({ length: size.cacheNodes }, (_, i) => `${data.cache.groupId}-00${i + 1}`),
      fileSystemId: data.files.fileSystemId,
      size,
    });
    const monthlyUsdMax = costClassOf[spec.profile].monthlyUsdMax;
    const watch = new AwsObservability({ owner, place, alarms, alarmTopicArn, monthlyUsdMax }, child);
    this.outputs = {
      frontDoor: edge.url,
      agentTokenSha256: services.agentTokenSha256,
      links: {
        dashboard: watch.dashboardUrl,
        databaseCredentials: data.credentialsArn,
        nats: messaging.url,
        logs: `/lapidary/${spec.name}/`,
      },
    };
    this.registerOutputs(this.outputs);
  }
}
