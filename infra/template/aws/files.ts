import { AccessPoint } from '@pulumi/aws/efs/accessPoint.js';
import { BackupPolicy } from '@pulumi/aws/efs/backupPolicy.js';
import { FileSystem } from '@pulumi/aws/efs/fileSystem.js';
import { MountTarget } from '@pulumi/aws/efs/mountTarget.js';
import * as pulumi from '@pulumi/pulumi';
import type { ContainerVolume } from './container.js';
import type { Statement } from './service-roles.js';
import { componentType, nameOf, tagged, type StackOwner, type StackPlace } from './stack-owner.js';

export interface AwsFilesArgs {
  readonly owner: StackOwner;
  readonly place: StackPlace;
  readonly keyArn: pulumi.Input<string>;
  readonly subnetIds: readonly pulumi.Output<string>[];
  readonly securityGroupId: pulumi.Input<string>;
}

/** `node` in our image; the NATS image runs as root and is mapped to it. */
const userId = 1000;

/** What outlives a task: JetStream's files, and the agent's copy of what it holds. One directory each, none sees another's. */
export class AwsFiles extends pulumi.ComponentResource {
  readonly fileSystemId: pulumi.Output<string>;
  private readonly arn: pulumi.Output<string>;
  /** A task that starts before there is a way to its files fails. */
  readonly ready: readonly pulumi.Resource[];

  constructor(
    private readonly args: AwsFilesArgs,
    options: pulumi.ComponentResourceOptions,
  ) {
    super(componentType(args.owner, 'Files'), nameOf(args.owner, 'files'), {}, options);
    const { owner, place } = args;
    const id = nameOf(owner, 'files');
    const system = new FileSystem(
      id,
      { encrypted: true, kmsKeyId: args.keyArn, throughputMode: 'elastic', tags: tagged(owner, 'files') },
      { parent: this, protect: !place.unprotected },
    );
    new BackupPolicy(id, { fileSystemId: system.id, backupPolicy: { status: 'ENABLED' } }, { parent: this });
    this.ready = args.subnetIds.map(
      (subnetId, i) =>
        new MountTarget(
          nameOf(owner, `files-${i + 1}`),
          { fileSystemId: system.id, subnetId, securityGroups: [args.securityGroupId] },
          { parent: this },
        ),
    );
    this.fileSystemId = system.id;
    this.arn = system.arn;
    this.registerOutputs();
  }

  /** A directory of its own for one container, mounted at `path`. */
  volume(what: string, path: string): ContainerVolume {
    const { owner } = this.args;
    const point = new AccessPoint(
      nameOf(owner, what),
      {
        fileSystemId: this.fileSystemId,
        posixUser: { uid: userId, gid: userId },
        rootDirectory: { path: `/${what}`, creationInfo: { ownerUid: userId, ownerGid: userId, permissions: '0700' } },
        tags: tagged(owner, what),
      },
      { parent: this },
    );
    return { name: 'data', path, fileSystemId: this.fileSystemId, accessPointId: point.id };
  }

  /** What a task needs to mount that directory, and no other. */
  mounting(volume: ContainerVolume): Statement {
    const point = pulumi.interpolate`${this.arn.apply((arn) => arn.replace(/:file-system\/.*$/, ''))}:access-point/${volume.accessPointId}`;
    return {
      Action: ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'],
      Resource: [this.arn],
      Condition: { StringEquals: { 'elasticfilesystem:AccessPointArn': point } },
    };
  }
}
