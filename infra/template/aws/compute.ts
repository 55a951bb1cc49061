import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import { Cluster } from '@pulumi/aws/ecs/cluster.js';
import { HttpNamespace } from '@pulumi/aws/servicediscovery/httpNamespace.js';
import * as pulumi from '@pulumi/pulumi';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { profileOf } from '../profiles.js';
import { templateVersion } from '../template-version.js';
import { AgentToken } from './agent-token.js';
import type { AwsData } from './data.js';
import { FrontDoor } from './front-door.js';
import type { AwsNetwork } from './network.js';
import { AwsService } from './service.js';
import { named } from './tags.js';

export interface AwsComputeArgs {
  readonly spec: StampSpec;
  readonly awsRegion: string;
  readonly network: AwsNetwork;
  readonly data: AwsData;
}

const agentPort = 8080;
const workloadPort = 8081;

/** Cluster, front door, agent and workload. Only the front door is reached from outside the stamp. */
export class AwsCompute extends pulumi.ComponentResource {
  readonly frontDoorUrl: pulumi.Output<string>;
  readonly agentTokenSha256: pulumi.Output<string>;

  constructor(args: AwsComputeArgs, options: pulumi.ComponentResourceOptions) {
    super('lapidary:stamp:Compute', `${args.spec.name}-compute`, {}, options);
    const { spec, network, data } = args;
    const own = { parent: this };
    const tags = (what: string) => named(spec, `${spec.name}-${what}`);
    const cluster = new Cluster(
      `${spec.name}-cluster`,
      { name: `lapidary-${spec.name}`, settings: [{ name: 'containerInsights', value: 'enabled' }], tags: tags('cluster') },
      own,
    );
    const namespace = new HttpNamespace(`${spec.name}-services`, { name: `lapidary-${spec.name}`, tags: tags('services') }, own);
    const token = new AgentToken({ spec, keyArn: data.keyArn }, own);
    const door = new FrontDoor({ spec, network, agentPort }, own);
    const group = this.serviceGroup(spec, network);
    const common = {
      spec,
      awsRegion: args.awsRegion,
      keyArn: data.keyArn,
      clusterArn: cluster.arn,
      namespaceArn: namespace.arn,
      subnetIds: network.privateSubnetIds,
      securityGroupId: group.id,
    };
    const workload = new AwsService({ ...common, ...workloadOf(args) }, own);
    new AwsService(
      { ...common, ...agentOf(spec, token), targetGroupArn: door.targetGroupArn },
      { parent: this, dependsOn: [workload, door] },
    );
    this.frontDoorUrl = door.url;
    this.agentTokenSha256 = token.sha256;
    this.registerOutputs();
  }

  private serviceGroup(spec: StampSpec, network: AwsNetwork): SecurityGroup {
    return new SecurityGroup(
      `${spec.name}-services`,
      {
        vpcId: network.vpcId,
        description: `Agent and workload of stamp ${spec.name}`,
        ingress: [
          {
            protocol: 'tcp',
            fromPort: agentPort,
            toPort: workloadPort,
            cidrBlocks: [network.cidr],
            description: 'Front door and each other',
          },
        ],
        egress: [{ protocol: '-1', fromPort: 0, toPort: 0, cidrBlocks: ['0.0.0.0/0'], description: 'Registries, NATS, AWS' }],
        tags: named(spec, `${spec.name}-services`),
      },
      { parent: this },
    );
  }
}

const workloadOf = ({ spec, data }: AwsComputeArgs) => ({
  name: 'workload' as const,
  image: `lapidary/storefront:${spec.workload.version}`,
  port: workloadPort,
  count: profileOf[spec.profile].aws.workloadCount,
  single: false,
  env: {
    LAPIDARY_STAMP: spec.name,
    LAPIDARY_HTTP_HOST: '0.0.0.0',
    LAPIDARY_HTTP_PORT: String(workloadPort),
    LAPIDARY_WORKLOAD_VERSION: spec.workload.version,
    // Without a password: the driver takes it from PGPASSWORD, which ECS fills from the secret.
    LAPIDARY_DATABASE_URL: pulumi.interpolate`postgres://lapidary@${data.endpoint}/${data.databaseName}?sslmode=require`,
  },
  secrets: { PGPASSWORD: pulumi.interpolate`${data.credentialsArn}:password::` },
  readableSecrets: [data.credentialsArn],
});

const agentOf = (spec: StampSpec, token: AgentToken) => ({
  name: 'agent' as const,
  image: `lapidary/stamp-agent:${templateVersion}`,
  port: agentPort,
  // One process per stamp: a second one would register too and fence off the first (P-HB3).
  count: 1,
  single: true,
  env: {
    LAPIDARY_STAMP: spec.name,
    LAPIDARY_REGION: spec.region,
    LAPIDARY_HTTP_HOST: '0.0.0.0',
    LAPIDARY_HTTP_PORT: String(agentPort),
    LAPIDARY_WORKLOAD_URL: `http://workload:${workloadPort}`,
  },
  // The region's NATS is written to these parameters by the regional program.
  secrets: {
    LAPIDARY_AGENT_TOKEN: token.secretArn,
    LAPIDARY_NATS_URL: `/lapidary/${spec.region}/nats-url`,
    LAPIDARY_NATS_USER: `/lapidary/${spec.region}/agent-nats-user`,
    LAPIDARY_NATS_PASSWORD: `/lapidary/${spec.region}/agent-nats-password`,
  },
  readableSecrets: [token.secretArn],
});
