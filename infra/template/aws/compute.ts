import { createHash } from 'node:crypto';
import { Cluster } from '@pulumi/aws/ecs/cluster.js';
import { HttpNamespace } from '@pulumi/aws/servicediscovery/httpNamespace.js';
import * as pulumi from '@pulumi/pulumi';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import type { AwsProfile } from '../profiles.js';
import { templateVersion } from '../template-version.js';
import type { AwsData } from './data.js';
import { databaseCertificates } from './database.js';
import type { AwsEdge } from './edge.js';
import { formerly } from './formerly.js';
import { GeneratedSecret } from './generated-secret.js';
import type { AwsGroups } from './groups.js';
import type { AwsKeys } from './keys.js';
import type { AwsMessaging } from './messaging.js';
import type { AwsNetwork } from './network.js';
import { parameterArn } from './region-facts.js';
import { secretsKeyAlias } from './region-parameters.js';
import { ports } from './security-group.js';
import { AwsService, type AwsServiceArgs } from './service.js';
import type { ServiceGround } from './service-ground.js';
import { componentType, nameOf, tagged, type StackOwner, type StackPlace } from './stack-owner.js';

export interface AwsComputeArgs {
  readonly owner: StackOwner;
  readonly place: StackPlace;
  readonly network: AwsNetwork;
  readonly keys: AwsKeys;
}

/** The ground that services run on: the cluster and its name space. The services come onto it by `run`, once there is data. */
export class AwsCompute extends pulumi.ComponentResource {
  readonly ground: ServiceGround;

  constructor(args: AwsComputeArgs, options: pulumi.ComponentResourceOptions) {
    const { owner, place, network, keys } = args;
    super(componentType(owner, 'Compute'), nameOf(owner, 'compute'), {}, options);
    const own = { parent: this };
    const name = `lapidary-${owner.name}`;
    const cluster = new Cluster(
      nameOf(owner, 'cluster'),
      { name, settings: [{ name: 'containerInsights', value: 'enabled' }], tags: tagged(owner, 'cluster') },
      own,
    );
    const namespace = new HttpNamespace(nameOf(owner, 'services'), { name, tags: tagged(owner, 'services') }, own);
    this.ground = {
      owner,
      place,
      clusterArn: cluster.arn,
      clusterName: name,
      namespaceArn: namespace.arn,
      subnetIds: network.privateSubnetIds,
      logsKeyArn: keys.logs,
      secretsKeyArn: keys.secrets,
    };
    this.registerOutputs();
  }
}

export interface StampServicesArgs {
  readonly spec: StampSpec;
  readonly size: AwsProfile;
  readonly compute: AwsCompute;
  readonly keys: AwsKeys;
  readonly groups: AwsGroups;
  readonly data: AwsData;
  readonly messaging: AwsMessaging;
  readonly edge: AwsEdge;
}

export interface StampServices {
  readonly agent: AwsService;
  readonly workload: AwsService;
  readonly agentTokenSha256: pulumi.Output<string>;
}

/** The workload and, in front of it, the stamp agent. */
export const runStampServices = (args: StampServicesArgs): StampServices => {
  const { compute, keys } = args;
  const { owner, place } = compute.ground;
  const formerToken = formerly(
    ['lapidary:stamp:Stamp', 'lapidary:stamp:Compute', 'lapidary:stamp:AgentToken'],
    nameOf(owner, 'agent-token'),
  );
  const token = new GeneratedSecret(
    { owner, place, what: 'agent-token', keyArn: keys.secrets },
    { parent: compute, aliases: [formerToken] },
  );
  const workload = new AwsService(workloadOf(args), { parent: compute });
  const agent = new AwsService(agentOf(args, token), { parent: compute, dependsOn: [workload, args.edge, ...args.data.files.ready] });
  // The digest says nothing about 285 random bits; the control plane compares it with what the agent shows.
  const sha256 = token.value.apply((text) => createHash('sha256').update(text).digest('hex'));
  return { agent, workload, agentTokenSha256: pulumi.unsecret(sha256) };
};

const image = ({ compute, keys }: StampServicesArgs, repository: string, version: string): pulumi.Output<string> =>
  pulumi.interpolate`${keys.accountId}.dkr.ecr.${compute.ground.place.awsRegion}.amazonaws.com/lapidary/${repository}:${version}`;

const workloadOf = (args: StampServicesArgs): AwsServiceArgs => {
  const { spec, size, data, messaging } = args;
  return {
    ground: args.compute.ground,
    name: 'workload',
    image: image(args, 'workload', spec.workload.version),
    ports: [{ name: 'workload', port: ports.workload, http: true }],
    cpu: size.workload.cpu,
    memoryMb: size.workload.memoryMb,
    count: size.workload.min,
    scaling: size.workload,
    single: false,
    env: {
      LAPIDARY_STAMP: spec.name,
      LAPIDARY_HTTP_HOST: '0.0.0.0',
      LAPIDARY_HTTP_PORT: String(ports.workload),
      LAPIDARY_WORKLOAD_VERSION: spec.workload.version,
      // Without a password: the driver takes it from PGPASSWORD, which ECS fills from the secret.
      LAPIDARY_DATABASE_URL: pulumi.interpolate`postgres://lapidary@${data.endpoint}/${data.databaseName}?sslmode=require`,
      NODE_EXTRA_CA_CERTS: databaseCertificates,
      LAPIDARY_CACHE_URL: data.cache.url,
      LAPIDARY_STAMP_NATS_URL: messaging.url,
    },
    secrets: {
      PGPASSWORD: pulumi.interpolate`${data.credentialsArn}:password::`,
      LAPIDARY_CACHE_PASSWORD: data.cache.passwordArn,
      LAPIDARY_STAMP_NATS_PASSWORD: messaging.passwordArn,
    },
    readable: { secrets: [data.credentialsArn, data.cache.passwordArn, messaging.passwordArn], parameters: [] },
    statements: [],
    volumes: [],
    securityGroupIds: [args.groups.services],
    targets: [],
  };
};

const agentOf = (args: StampServicesArgs, token: GeneratedSecret): AwsServiceArgs => {
  const { spec, size, keys, data } = args;
  const { place } = args.compute.ground;
  const parameter = (name: 'natsUrl' | 'agentNatsUser' | 'agentNatsPassword') =>
    parameterArn(place.awsRegion, keys.accountId, spec.region, name);
  const parameters = {
    LAPIDARY_NATS_URL: parameter('natsUrl'),
    LAPIDARY_NATS_USER: parameter('agentNatsUser'),
    LAPIDARY_NATS_PASSWORD: parameter('agentNatsPassword'),
  };
  const volume = data.files.volume('agent', '/data');
  return {
    ground: args.compute.ground,
    name: 'agent',
    image: image(args, 'lapidary', templateVersion),
    command: ['node', '--enable-source-maps', 'apps/stamp-agent/dist/main.js'],
    ports: [{ name: 'agent', port: ports.agent, http: true }],
    cpu: size.agent.cpu,
    memoryMb: size.agent.memoryMb,
    // One process per stamp: a second one would register too and fence off the first (P-HB3).
    count: 1,
    single: true,
    env: {
      LAPIDARY_STAMP: spec.name,
      LAPIDARY_REGION: spec.region,
      LAPIDARY_HTTP_HOST: '0.0.0.0',
      LAPIDARY_HTTP_PORT: String(ports.agent),
      LAPIDARY_WORKLOAD_URL: `http://workload:${ports.workload}`,
      // What it holds outlives its task: a new one serves with the control plane away (I7).
      LAPIDARY_HOLDINGS_FILE: `${volume.path}/holdings.json`,
    },
    secrets: { LAPIDARY_AGENT_TOKEN: token.arn, ...parameters },
    readable: { secrets: [token.arn], parameters: Object.values(parameters), parametersUnder: secretsKeyAlias(spec.region) },
    statements: [data.files.mounting(volume)],
    volumes: [volume],
    securityGroupIds: [args.groups.services],
    targets: [{ targetGroupArn: args.edge.targetGroupArn, port: ports.agent }],
  };
};
