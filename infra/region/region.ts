import { TransitGateway } from '@pulumi/aws/ec2transitgateway/transitGateway.js';
import { Record as DnsRecord } from '@pulumi/aws/route53/record.js';
import { Zone } from '@pulumi/aws/route53/zone.js';
import { Secret } from '@pulumi/aws/secretsmanager/secret.js';
import { SecretVersion } from '@pulumi/aws/secretsmanager/secretVersion.js';
import { Topic } from '@pulumi/aws/sns/topic.js';
import { TopicPolicy } from '@pulumi/aws/sns/topicPolicy.js';
import { TopicSubscription } from '@pulumi/aws/sns/topicSubscription.js';
import * as pulumi from '@pulumi/pulumi';
import { controlPlaneAddresses } from '../template/aws/address-plan.js';
import { AwsCompute } from '../template/aws/compute.js';
import { addDatabase, credentialsOf } from '../template/aws/database.js';
import { AwsFiles } from '../template/aws/files.js';
import { GeneratedSecret } from '../template/aws/generated-secret.js';
import { AwsKeys } from '../template/aws/keys.js';
import { AwsNetwork } from '../template/aws/network.js';
import { AwsObservability } from '../template/aws/observability.js';
import { ownProvider } from '../template/aws/own-provider.js';
import { nameOf, regionOwner, tagged, type StackOwner } from '../template/aws/stack-owner.js';
import { templateVersion } from '../template/template-version.js';
import { regionAlarms } from './region-alarms.js';
import { RegionEdge } from './region-edge.js';
import { RegionGroups } from './region-groups.js';
import type { RegionInputs, RegionSpec } from './region-inputs.js';
import { RegionMessaging } from './region-messaging.js';
import { writeRegionParameters } from './region-parameters.js';
import { runRegionServices } from './region-services.js';
import { regionSizeOf } from './region-sizes.js';

export interface RegionOutputs {
  readonly apiUrl: string;
  readonly natsUrl: string;
  readonly stampsDomain: string;
  readonly transitGatewayId: pulumi.Output<string>;
  readonly templateVersion: string;
}

/** A region's control plane: database, NATS, routers, control planes, DNS, and what its stamps are told. */
export const renderRegion = (inputs: RegionInputs): RegionOutputs => new Region(inputs).outputs;

class Region extends pulumi.ComponentResource {
  readonly outputs: RegionOutputs;

  constructor({ spec, peers, unprotected, regionKeys }: RegionInputs) {
    super('lapidary:region:Region', spec.name);
    const owner = regionOwner(spec.name);
    const place = { ...spec.facts, unprotected: unprotected ?? false };
    const size = regionSizeOf[spec.profile];
    const child = { parent: this, providers: { aws: ownProvider(owner, place, this) } };
    const keys = new AwsKeys({ owner, place }, child);
    const gateway = this.transitGateway(owner, keys);
    const network = new AwsNetwork(
      {
        owner,
        place,
        addresses: controlPlaneAddresses(place.awsRegion),
        zoneCount: 3,
        natPerZone: size.natPerZone,
        interfaceEndpoints: false,
        logsKeyArn: keys.logs,
        transitGatewayId: gateway.id,
      },
      child,
    );
    const groups = new RegionGroups(owner, network.vpcId, child);
    const within = { owner, place, subnetIds: network.dataSubnetIds };
    const name = 'control_plane';
    const database = addDatabase({
      ...within,
      size,
      databaseName: name,
      dataKeyArn: keys.data,
      secretsKeyArn: keys.secrets,
      securityGroupId: groups.database,
      parent: keys,
    });
    const files = new AwsFiles({ ...within, keyArn: keys.data, securityGroupId: groups.files }, child);
    const compute = new AwsCompute({ owner, place, network, keys }, child);
    const { ground } = compute;
    const { domain, fleetZoneId } = spec;
    const host = (what: string): string => `${what}.${spec.name}.${domain}`;
    const hosts = { api: host('api'), nats: host('nats'), stamps: host('stamps') };
    const edge = new RegionEdge({ owner, place, network, groups, domain, fleetZoneId, apiName: hosts.api }, child);
    const messaging = new RegionMessaging(
      { ground, size, files, network, groups, zoneId: fleetZoneId, peers: spec.peers, hostName: hosts.nats },
      child,
    );
    const secret = (what: string) => new GeneratedSecret({ owner, place, what, keyArn: keys.secrets }, child);
    const given = (what: string, value: pulumi.Output<string>) => this.given(owner, what, value, keys, place.unprotected);
    const services = runRegionServices(
      {
        spec,
        size,
        ground,
        accountId: keys.accountId,
        groups,
        files,
        messaging,
        edge,
        database: { endpoint: database.endpoint, name, credentialsArn: credentialsOf(database) },
        adminTokenArn: secret('admin-token').arn,
        apiUrl: `https://${hosts.api}`,
        directoryKeyArn: secret('directory-key').arn,
        peersArn: given('peers', peers),
        regionKeys: regionKeys && { ownArn: given('signing-keys', regionKeys.own), peersArn: given('peer-keys', regionKeys.peers) },
        stateKeyArn: keys.secrets,
      },
      compute,
    );
    const topicArn = this.topic(owner, spec, keys);
    new AwsObservability(
      {
        owner,
        place,
        alarms: regionAlarms({ edge, clusterName: ground.clusterName, services, messaging, databaseId: database.identifier, size }),
        alarmTopicArn: topicArn,
        monthlyUsdMax: size.monthlyUsdMax,
      },
      child,
    );
    const stampsZoneId = this.stampsZone(owner, hosts.stamps, fleetZoneId, keys, place.unprotected);
    writeRegionParameters(
      owner,
      {
        natsUrl: messaging.url,
        agentNatsUser: 'agent',
        agentNatsPassword: messaging.passwords.agent.value,
        natsLeafUrl: messaging.leafUrl,
        zoneId: stampsZoneId,
        domain: hosts.stamps,
        transitGatewayId: gateway.id,
        alarmTopicArn: topicArn,
      },
      keys.secrets,
      keys,
    );
    this.outputs = {
      apiUrl: `https://${hosts.api}`,
      natsUrl: messaging.url,
      stampsDomain: hosts.stamps,
      transitGatewayId: gateway.id,
      templateVersion,
    };
    this.registerOutputs(this.outputs);
  }

  /** Joins this network, the stamps', and (by the global program) the other regions'. */
  private transitGateway(owner: StackOwner, parent: pulumi.Resource): TransitGateway {
    const args = { description: `Networks of region ${owner.name}`, autoAcceptSharedAttachments: 'disable', tags: tagged(owner, 'fleet') };
    return new TransitGateway(nameOf(owner, 'fleet'), args, { parent });
  }

  /** A secret that the program is given. */
  private given(owner: StackOwner, what: string, value: pulumi.Output<string>, keys: AwsKeys, unprotected: boolean): pulumi.Output<string> {
    const holder = new Secret(
      nameOf(owner, what),
      { name: `lapidary/${owner.name}/${what}`, kmsKeyId: keys.secrets, tags: tagged(owner, what) },
      { parent: keys, protect: !unprotected },
    );
    new SecretVersion(nameOf(owner, what), { secretId: holder.id, secretString: pulumi.secret(value) }, { parent: keys });
    return holder.arn;
  }

  private topic(owner: StackOwner, spec: RegionSpec, keys: AwsKeys): pulumi.Output<string> {
    const args = { name: `lapidary-${owner.name}-alarms`, kmsMasterKeyId: keys.logs, tags: tagged(owner, 'alarms') };
    const topic = new Topic(nameOf(owner, 'alarms'), args, { parent: keys });
    // Alarms of the account may publish by themselves, budgets only where the topic says so; a policy of ours replaces AWS's own.
    const policy = pulumi.jsonStringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: ['budgets.amazonaws.com', 'cloudwatch.amazonaws.com'] },
          Action: 'sns:Publish',
          Resource: topic.arn,
          Condition: { StringEquals: { 'aws:SourceAccount': keys.accountId } },
        },
      ],
    });
    new TopicPolicy(nameOf(owner, 'alarms'), { arn: topic.arn, policy }, { parent: keys });
    for (const [i, { protocol, endpoint }] of spec.pagers.entries())
      new TopicSubscription(nameOf(owner, `pager-${i + 1}`), { topic: topic.arn, protocol, endpoint }, { parent: keys });
    return topic.arn;
  }

  /** A zone of their own, so that whoever builds stamps writes their names and no others. */
  private stampsZone(
    owner: StackOwner,
    domain: string,
    fleetZoneId: pulumi.Input<string>,
    parent: pulumi.Resource,
    unprotected: boolean,
  ): pulumi.Output<string> {
    const id = nameOf(owner, 'stamps');
    const zone = new Zone(
      id,
      { name: domain, comment: `Front doors of the stamps of ${owner.name}`, tags: tagged(owner, 'stamps') },
      { parent, protect: !unprotected },
    );
    new DnsRecord(id, { zoneId: fleetZoneId, name: domain, type: 'NS', ttl: 300, records: zone.nameServers }, { parent });
    return zone.zoneId;
  }
}
