import { LoadBalancer } from '@pulumi/aws/lb/loadBalancer.js';
import { Listener } from '@pulumi/aws/lb/listener.js';
import { TargetGroup } from '@pulumi/aws/lb/targetGroup.js';
import * as pulumi from '@pulumi/pulumi';
import { natsUsersOf, passwordVariable, userEntry, userName, type NatsRole } from '@lapidary/contracts/nats-roles';
import { addCertificate } from '../template/aws/certificate.js';
import { tlsPolicy } from '../template/aws/edge.js';
import type { AwsFiles } from '../template/aws/files.js';
import { GeneratedSecret } from '../template/aws/generated-secret.js';
import { natsMonitorPort, natsServers } from '../template/aws/nats.js';
import type { AwsNetwork } from '../template/aws/network.js';
import type { AwsService } from '../template/aws/service.js';
import type { ServiceGround } from '../template/aws/service-ground.js';
import { componentType, nameOf, tagged } from '../template/aws/stack-owner.js';
import { aliasRecord } from './alias-record.js';
import { regionPorts, type RegionGroups } from './region-groups.js';
import type { RegionSize } from './region-sizes.js';

export interface RegionMessagingArgs {
  readonly ground: ServiceGround;
  readonly size: RegionSize;
  readonly files: AwsFiles;
  readonly network: AwsNetwork;
  readonly groups: RegionGroups;
  readonly zoneId: pulumi.Input<string>;
  /** The other regions: each is a user of its own, with a password that this region makes. */
  readonly peers: readonly string[];
  /** `nats.eu.example.com` */
  readonly hostName: string;
}

/** A vote that lasts while one is away; the streams keep copies on all. */
const serverCount = 3;
/** Long-lived connections: a door that closes is left in this time, and clients come back elsewhere. */
const deregistrationSeconds = 60;

/**
 * The region's NATS: three servers with JetStream behind one private name. Everybody comes over WebSockets, for there TLS can be
 * ended by the load balancer, whose certificate renews itself; NATS's own protocol would need certificates in every server.
 */
export class RegionMessaging extends pulumi.ComponentResource {
  readonly url: string;
  /** Of this region's own processes; those of the peers are carried to them by people (docs/deploying-on-aws.md). */
  readonly passwords: Readonly<Record<Exclude<NatsRole, 'peer'>, GeneratedSecret>>;
  readonly leafUrl: pulumi.Output<string>;
  readonly services: readonly AwsService[];

  constructor(args: RegionMessagingArgs, options: pulumi.ComponentResourceOptions) {
    const { ground, size, groups } = args;
    const { owner, place } = ground;
    super(componentType(owner, 'Messaging'), nameOf(owner, 'messaging'), {}, options);
    const password = (user: string): GeneratedSecret =>
      new GeneratedSecret({ owner, place, what: `nats-${user}-password`, keyArn: ground.secretsKeyArn }, { parent: this });
    const made = natsUsersOf(owner.name, args.peers).map((user) => ({ user, secret: password(userName(user)) }));
    const leaf = password('leaf');
    const of = (role: NatsRole): GeneratedSecret => made.find(({ user }) => user.role === role)!.secret;
    this.passwords = { control: of('control'), router: of('router'), agent: of('agent') };
    const secrets = {
      ...Object.fromEntries(made.map(({ user, secret }) => [passwordVariable(user), secret.arn])),
      NATS_LEAF_PASSWORD: leaf.arn,
    };
    const targetGroupArn = this.door(args);
    this.services = natsServers(
      {
        ground,
        files: args.files,
        count: serverCount,
        cpu: size.nats.cpu,
        memoryMb: size.nats.memoryMb,
        securityGroupId: groups.messaging,
        config: hubConfig(owner.name, args.peers, size.nats.storageGb),
        secrets,
        readable: { secrets: Object.values(secrets), parameters: [] },
        targets: [{ targetGroupArn, port: regionPorts.leafWebSocket }],
        extraPorts: [{ name: 'websocket', port: regionPorts.leafWebSocket, http: false }],
      },
      this,
    );
    this.url = `wss://${args.hostName}:${regionPorts.https}`;
    this.leafUrl = pulumi.secret(pulumi.interpolate`wss://leaf:${leaf.value}@${args.hostName}:${regionPorts.https}`);
    this.registerOutputs();
  }

  private door({ ground, network, groups, zoneId, hostName }: RegionMessagingArgs): pulumi.Output<string> {
    const { owner, place } = ground;
    const own = { parent: this };
    const tags = tagged(owner, 'nats');
    const balancer = new LoadBalancer(
      nameOf(owner, 'nats'),
      {
        name: `lapidary-${owner.name}-nats`,
        internal: true,
        loadBalancerType: 'network',
        subnets: [...network.privateSubnetIds],
        securityGroups: [groups.natsDoor],
        enableCrossZoneLoadBalancing: true,
        enableDeletionProtection: !place.unprotected,
        tags,
      },
      own,
    );
    const targets = new TargetGroup(
      nameOf(owner, 'nats'),
      {
        port: regionPorts.leafWebSocket,
        protocol: 'TCP',
        targetType: 'ip',
        vpcId: network.vpcId,
        deregistrationDelay: deregistrationSeconds,
        healthCheck: { protocol: 'HTTP', port: String(natsMonitorPort), path: '/healthz', interval: 10, timeout: 5 },
        tags,
      },
      own,
    );
    const certificateArn = addCertificate({ owner, what: 'nats', domainName: hostName, zoneId, parent: this });
    new Listener(
      nameOf(owner, 'nats'),
      {
        loadBalancerArn: balancer.arn,
        port: regionPorts.https,
        protocol: 'TLS',
        sslPolicy: tlsPolicy,
        certificateArn,
        defaultActions: [{ type: 'forward', targetGroupArn: targets.arn }],
        tags,
      },
      own,
    );
    aliasRecord({ id: nameOf(owner, 'nats'), zoneId, name: hostName, balancer, parent: this });
    return targets.arn;
  }
}

/** Stamps' leaf nodes are in an account of their own, and what they may say and hear there is all below `regional.`. */
const leafEntry =
  '    { user: leaf, password: $NATS_LEAF_PASSWORD, permissions: { publish: { allow: ["regional.>"] }, subscribe: { allow: ["regional.>"] } } }';

export const hubConfig = (region: string, peers: readonly string[], storageGb: number): readonly string[] => [
  'ping_interval: "10s"',
  `jetstream { store_dir: "/data", max_file_store: ${storageGb}GB, max_memory_store: 256MB }`,
  `websocket { listen: "0.0.0.0:${regionPorts.leafWebSocket}", no_tls: true }`,
  'leafnodes { listen: "127.0.0.1:7422" }',
  'accounts {',
  '  FLEET {',
  '    jetstream: enabled',
  '    users: [',
  ...natsUsersOf(region, peers).map((user) => userEntry(user, `$${passwordVariable(user)}`, region)),
  '    ]',
  '  }',
  '  STAMPS {',
  '    users: [',
  leafEntry,
  '    ]',
  '  }',
  '}',
];
