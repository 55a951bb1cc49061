import type * as pulumi from '@pulumi/pulumi';
import type { AwsFiles } from './files.js';
import { ports } from './security-group.js';
import { AwsService } from './service.js';
import type { Readable } from './service-roles.js';
import type { ServiceGround } from './service-ground.js';
import type { StackOwner } from './stack-owner.js';

export interface NatsServersArgs {
  readonly ground: ServiceGround;
  readonly files: AwsFiles;
  readonly count: 1 | 3;
  readonly cpu: number;
  readonly memoryMb: number;
  readonly securityGroupId: pulumi.Input<string>;
  /** The server's configuration but for what is the same everywhere. `$NAMES` in it are filled from `secrets` by the server. */
  readonly config: readonly string[];
  readonly secrets: Readonly<Record<string, pulumi.Input<string>>>;
  readonly readable: Readable;
  readonly targets: readonly { readonly targetGroupArn: pulumi.Input<string>; readonly port: number }[];
  readonly extraPorts: readonly { readonly name: string; readonly port: number; readonly http: boolean }[];
}

/** The same server as docker-compose.yml runs; alpine for its shell, which writes the configuration. */
export const natsMonitorPort = 8222;
const natsImage = 'public.ecr.aws/docker/library/nats:2.10-alpine';
/** JetStream flushes and hands over its leaderships in this time. */
const drainSeconds = 60;

/** `nats-1`: name of a server, of its service and of its directory. */
export const natsNames = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `nats-${i + 1}`);

/**
 * One or three NATS servers with JetStream. Each is a service of one task with its own directory, for a server must find its
 * own files again; three keep a stream on each of two others (R3).
 */
export const natsServers = (args: NatsServersArgs, parent: pulumi.Resource): readonly AwsService[] => {
  const names = natsNames(args.count);
  return names.map((name) => {
    const volume = args.files.volume(name, '/data');
    return new AwsService(
      {
        ground: args.ground,
        name,
        image: natsImage,
        ports: [
          { name, port: ports.nats, http: false },
          ...(names.length > 1 ? [{ name: `${name}-cluster`, port: ports.natsCluster, http: false }] : []),
          ...args.extraPorts.map((p) => ({ ...p, name: `${name}-${p.name}` })),
        ],
        cpu: args.cpu,
        memoryMb: args.memoryMb,
        count: 1,
        single: true,
        // Written to the one place that may be written to, for the server reads it from a file.
        entryPoint: ['sh', '-c'],
        command: ['printf "%s" "$NATS_CONFIG" > /tmp/nats.conf && exec nats-server -c /tmp/nats.conf'],
        stopSeconds: drainSeconds,
        env: { NATS_CONFIG: natsConfigOf(args.config, args.ground.owner, name, names) },
        secrets: args.secrets,
        readable: args.readable,
        statements: [args.files.mounting(volume)],
        volumes: [volume],
        securityGroupIds: [args.securityGroupId],
        targets: args.targets,
      },
      { parent, dependsOn: [...args.files.ready] },
    );
  });
};

export const natsConfigOf = (config: readonly string[], owner: StackOwner, name: string, names: readonly string[]): string =>
  [
    `server_name: ${owner.name}-${name}`,
    `listen: 0.0.0.0:${ports.nats}`,
    `http: 0.0.0.0:${natsMonitorPort}`,
    'max_payload: 4MB',
    ...config,
    ...(names.length === 1
      ? []
      : [
          `cluster { name: ${owner.name}, listen: 0.0.0.0:${ports.natsCluster}, ` +
            `routes: [${names.map((n) => `nats-route://${n}-cluster:${ports.natsCluster}`).join(', ')}] }`,
        ]),
    '',
  ].join('\n');
