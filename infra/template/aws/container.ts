import * as pulumi from '@pulumi/pulumi';

export interface ContainerPort {
  /** Unique within the task; other tasks reach it as `http://<name>:<port>` where it is `shared`. */
  readonly name: string;
  readonly port: number;
  readonly http: boolean;
}

export interface ContainerVolume {
  readonly name: string;
  readonly path: string;
  readonly fileSystemId: pulumi.Input<string>;
  readonly accessPointId: pulumi.Input<string>;
}

export interface ContainerArgs {
  readonly name: string;
  readonly image: pulumi.Input<string>;
  readonly ports: readonly ContainerPort[];
  readonly env: Readonly<Record<string, pulumi.Input<string>>>;
  /** Variable → ARN of a secret or of a parameter, from which ECS fills it. */
  readonly secrets: Readonly<Record<string, pulumi.Input<string>>>;
  readonly volumes: readonly ContainerVolume[];
  readonly entryPoint?: readonly string[];
  readonly command?: readonly string[];
  /** Time to finish what is being worked on after SIGTERM; ECS allows up to 120. */
  readonly stopSeconds?: number;
}

export interface ContainerLog {
  readonly group: pulumi.Input<string>;
  readonly region: string;
}

/** The one place that is written to, besides mounted volumes: the root file system is read-only. */
const scratch = { name: 'scratch', path: '/tmp' };
const stopSecondsUsual = 30;

export const containerDefinitions = (args: ContainerArgs, log: ContainerLog): pulumi.Output<string> =>
  pulumi.jsonStringify([
    {
      name: args.name,
      image: args.image,
      essential: true,
      readonlyRootFilesystem: true,
      // As pid 1 a program ignores signals that it has no handler for.
      linuxParameters: { initProcessEnabled: true },
      stopTimeout: args.stopSeconds ?? stopSecondsUsual,
      ...(args.entryPoint ? { entryPoint: args.entryPoint } : {}),
      ...(args.command ? { command: args.command } : {}),
      portMappings: args.ports.map(({ name, port, http }) => ({ name, containerPort: port, ...(http ? { appProtocol: 'http' } : {}) })),
      environment: Object.entries(args.env).map(([name, value]) => ({ name, value })),
      secrets: Object.entries(args.secrets).map(([name, valueFrom]) => ({ name, valueFrom })),
      mountPoints: [scratch, ...args.volumes].map(({ name, path }) => ({ sourceVolume: name, containerPath: path, readOnly: false })),
      logConfiguration: {
        logDriver: 'awslogs',
        options: { 'awslogs-group': log.group, 'awslogs-region': log.region, 'awslogs-stream-prefix': args.name, mode: 'non-blocking' },
      },
    },
  ]);

export const taskVolumes = (volumes: readonly ContainerVolume[]) => [
  { name: scratch.name },
  ...volumes.map(({ name, fileSystemId, accessPointId }) => ({
    name,
    efsVolumeConfiguration: {
      fileSystemId,
      transitEncryption: 'ENABLED',
      authorizationConfig: { accessPointId, iam: 'ENABLED' },
    },
  })),
];
