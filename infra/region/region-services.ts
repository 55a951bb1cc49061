import * as pulumi from '@pulumi/pulumi';
import { controlPlaneAddresses } from '../template/aws/address-plan.js';
import { databaseCertificates } from '../template/aws/database.js';
import type { AwsFiles } from '../template/aws/files.js';
import { AwsService, type AwsServiceArgs } from '../template/aws/service.js';
import type { ServiceGround } from '../template/aws/service-ground.js';
import type { RegionEdge } from './region-edge.js';
import { regionPorts, type RegionGroups } from './region-groups.js';
import type { RegionSpec } from './region-inputs.js';
import { startWithFiles } from './start-with-files.js';
import type { RegionMessaging } from './region-messaging.js';
import type { RegionSize } from './region-sizes.js';

export interface RegionServicesArgs {
  readonly spec: RegionSpec;
  readonly size: RegionSize;
  readonly ground: ServiceGround;
  readonly accountId: pulumi.Input<string>;
  readonly groups: RegionGroups;
  readonly files: AwsFiles;
  readonly messaging: RegionMessaging;
  readonly edge: RegionEdge;
  readonly database: { readonly endpoint: pulumi.Input<string>; readonly name: string; readonly credentialsArn: pulumi.Input<string> };
  /** ARNs of secrets. */
  readonly adminTokenArn: pulumi.Input<string>;
  readonly peersArn: pulumi.Input<string>;
  /** With which the region signs what it tells the others, and by which it believes them. */
  readonly regionKeys?: { readonly ownArn: pulumi.Input<string>; readonly peersArn: pulumi.Input<string> };
  /** Signs the routers' copies of the directory. */
  readonly directoryKeyArn: pulumi.Input<string>;
  /** Where people, stampctl and the workloads of stamps reach the API; the same door for all of them. */
  readonly apiUrl: string;
  /** The KMS key that seals secrets in the state of stamps. */
  readonly stateKeyArn: pulumi.Input<string>;
}

/** Control planes finish or hand over their jobs, routers drain; ECS allows no more. */
const stopSeconds = 110;
const builderRole = 'lapidary-stamp-builder';

const adminTokenFile = '/tmp/admin.token';
const signingKeysFile = '/tmp/signing-keys.json';
const peerKeysFile = '/tmp/peer-keys.json';
const directoryKeyFile = '/tmp/directory.key';
const previousDirectoryKeyFile = '/tmp/directory.previous.key';

export const runRegionServices = (args: RegionServicesArgs, parent: pulumi.Resource): readonly AwsService[] => [
  new AwsService(controlPlane(args), { parent, dependsOn: [args.edge, args.messaging, ...args.files.ready] }),
  new AwsService(router(args), { parent, dependsOn: [args.edge, args.messaging, ...args.files.ready] }),
];

const image = ({ spec, accountId }: RegionServicesArgs): pulumi.Output<string> =>
  pulumi.interpolate`${accountId}.dkr.ecr.${spec.facts.awsRegion}.amazonaws.com/lapidary/lapidary:${spec.version}`;

const natsOf = (args: RegionServicesArgs, role: 'control' | 'router') => ({
  env: { LAPIDARY_NATS_URL: args.messaging.url, LAPIDARY_NATS_USER: role },
  password: args.messaging.passwords[role].arn,
});

const controlPlane = (args: RegionServicesArgs): AwsServiceArgs => {
  const { spec, size, database, regionKeys } = args;
  const nats = natsOf(args, 'control');
  const volume = args.files.volume('control-plane', '/data');
  const secrets = {
    PGPASSWORD: pulumi.interpolate`${database.credentialsArn}:password::`,
    LAPIDARY_NATS_PASSWORD: nats.password,
    LAPIDARY_PEERS: args.peersArn,
    ADMIN_TOKEN: args.adminTokenArn,
    ...(regionKeys && { SIGNING_KEYS: regionKeys.ownArn, PEER_KEYS: regionKeys.peersArn }),
  };
  const files = { ADMIN_TOKEN: adminTokenFile, ...(regionKeys && { SIGNING_KEYS: signingKeysFile, PEER_KEYS: peerKeysFile }) };
  return {
    ground: args.ground,
    name: 'control-plane',
    image: image(args),
    entryPoint: ['sh', '-c'],
    command: [startWithFiles(files, 'apps/control-plane/dist/main.js')],
    ports: [{ name: 'api', port: regionPorts.api, http: true }],
    cpu: size.controlPlane.cpu,
    memoryMb: size.controlPlane.memoryMb,
    count: size.controlPlane.count,
    single: false,
    stopSeconds,
    env: {
      ...nats.env,
      LAPIDARY_REGION: spec.name,
      LAPIDARY_HTTP_HOST: '0.0.0.0',
      LAPIDARY_HTTP_PORT: String(regionPorts.api),
      // The networks that the load balancer is in, and nothing else.
      LAPIDARY_TRUSTED_PROXIES: Object.values(controlPlaneAddresses(spec.facts.awsRegion).zones)
        .map((zone) => zone.public)
        .join(','),
      LAPIDARY_API_URL: args.apiUrl,
      LAPIDARY_BASE_DOMAIN: spec.domain,
      LAPIDARY_DATABASE_URL: pulumi.interpolate`postgres://lapidary@${database.endpoint}/${database.name}?sslmode=require`,
      LAPIDARY_ADMIN_TOKEN_FILE: adminTokenFile,
      ...(regionKeys && { LAPIDARY_SIGNING_KEYS_FILE: signingKeysFile, LAPIDARY_PEER_KEYS_FILE: peerKeysFile }),
      LAPIDARY_ENGINE: 'pulumi',
      LAPIDARY_ENGINE_STATE_DIR: `${volume.path}/engine`,
      LAPIDARY_ENGINE_STATE_KEY: pulumi.interpolate`awskms:///${args.stateKeyArn}?region=${spec.facts.awsRegion}`,
      NODE_EXTRA_CA_CERTS: databaseCertificates,
    },
    secrets,
    readable: {
      secrets: [
        ...[database.credentialsArn, nats.password, args.peersArn, args.adminTokenArn],
        ...(regionKeys ? [regionKeys.ownArn, regionKeys.peersArn] : []),
      ],
      parameters: [],
    },
    // It builds stamps as the role that the global program made; itself it can only seal and open their state.
    statements: [
      args.files.mounting(volume),
      { Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'], Resource: [args.stateKeyArn] },
      { Action: ['sts:AssumeRole'], Resource: [pulumi.interpolate`arn:aws:iam::${args.accountId}:role/${builderRole}`] },
    ],
    volumes: [volume],
    securityGroupIds: [args.groups.controlPlane],
    targets: [{ targetGroupArn: args.edge.apiTargets.arn, port: regionPorts.api }],
  };
};

const router = (args: RegionServicesArgs): AwsServiceArgs => {
  const { spec, size } = args;
  const nats = natsOf(args, 'router');
  const volume = args.files.volume('router', '/data');
  const changes = spec.directoryKeyChanges;
  // Secrets Manager keeps the value before the current one under this label, once there has been another.
  const previousKey = pulumi.interpolate`${args.directoryKeyArn}::AWSPREVIOUS:`;
  const files = { DIRECTORY_KEY: directoryKeyFile, ...(changes && { DIRECTORY_PREVIOUS_KEY: previousDirectoryKeyFile }) };
  return {
    ground: args.ground,
    name: 'router',
    image: image(args),
    entryPoint: ['sh', '-c'],
    command: [startWithFiles(files, 'apps/router/dist/main.js')],
    ports: [
      { name: 'router', port: regionPorts.router, http: true },
      { name: 'router-admin', port: regionPorts.routerAdmin, http: true },
    ],
    cpu: size.router.cpu,
    memoryMb: size.router.memoryMb,
    count: size.router.min,
    scaling: size.router,
    single: false,
    stopSeconds,
    env: {
      ...nats.env,
      LAPIDARY_REGION: spec.name,
      LAPIDARY_ROUTER_ID: `router-${spec.name}`,
      LAPIDARY_HTTP_HOST: '0.0.0.0',
      LAPIDARY_HTTP_PORT: String(regionPorts.router),
      LAPIDARY_ADMIN_HOST: '0.0.0.0',
      LAPIDARY_ADMIN_PORT: String(regionPorts.routerAdmin),
      LAPIDARY_BASE_DOMAIN: spec.domain,
      LAPIDARY_ROUTER_JURISDICTION: spec.facts.jurisdiction,
      // One copy for the region's routers, outliving their tasks: a new one serves by it when all else is down (I7).
      LAPIDARY_DIRECTORY_FILE: `${volume.path}/directory.copy`,
      LAPIDARY_DIRECTORY_KEY_FILE: directoryKeyFile,
      ...(changes && { LAPIDARY_DIRECTORY_PREVIOUS_KEY_FILE: previousDirectoryKeyFile }),
    },
    secrets: {
      LAPIDARY_NATS_PASSWORD: nats.password,
      DIRECTORY_KEY: args.directoryKeyArn,
      ...(changes && { DIRECTORY_PREVIOUS_KEY: previousKey }),
    },
    readable: { secrets: [nats.password, args.directoryKeyArn], parameters: [] },
    statements: [args.files.mounting(volume)],
    volumes: [volume],
    securityGroupIds: [args.groups.router],
    targets: [{ targetGroupArn: args.edge.routerTargets.arn, port: regionPorts.router }],
  };
};
