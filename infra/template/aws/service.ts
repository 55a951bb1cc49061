import { LogGroup } from '@pulumi/aws/cloudwatch/logGroup.js';
import { Service } from '@pulumi/aws/ecs/service.js';
import { TaskDefinition } from '@pulumi/aws/ecs/taskDefinition.js';
import * as pulumi from '@pulumi/pulumi';
import { logDaysMin } from '../../policy/rules/log-retention.js';
import { addScaling, type Scaling } from './autoscaling.js';
import { containerDefinitions, taskVolumes, type ContainerArgs } from './container.js';
import { serviceRoles, type Readable, type Statement } from './service-roles.js';
import type { ServiceGround } from './service-ground.js';
import { componentType, nameOf, tagged } from './stack-owner.js';

export interface AwsServiceArgs extends Omit<ContainerArgs, 'name'> {
  readonly ground: ServiceGround;
  readonly name: string;
  readonly cpu: number;
  readonly memoryMb: number;
  readonly count: number;
  readonly scaling?: Scaling;
  /** The old task ends before the new one starts: two at once would fence each other off, or write to one directory. */
  readonly single: boolean;
  readonly securityGroupIds: readonly pulumi.Input<string>[];
  readonly targets: readonly { readonly targetGroupArn: pulumi.Input<string>; readonly port: number }[];
  readonly readable: Readable;
  /** What the program itself may do in AWS. */
  readonly statements: readonly Statement[];
}

/** One Fargate service with its own roles and its own log, reached by others of its cluster by the names of its ports. */
export class AwsService extends pulumi.ComponentResource {
  readonly serviceName: pulumi.Output<string>;
  readonly logGroup: string;

  constructor(args: AwsServiceArgs, options: pulumi.ComponentResourceOptions) {
    const { ground, name, image, ports, count, env, secrets } = args;
    const { owner, place } = ground;
    const id = nameOf(owner, name);
    // As the component's inputs they are part of the graph's digest; in the container's JSON they are known at run time only.
    super(componentType(owner, 'Service'), `${id}-service`, { image, ports: ports.map((p) => p.port), count, env, secrets }, options);
    const own = { parent: this };
    const tags = tagged(owner, name);
    this.logGroup = `/lapidary/${owner.name}/${name}`;
    const logs = new LogGroup(id, { name: this.logGroup, retentionInDays: logDaysMin, kmsKeyId: ground.logsKeyArn, tags }, own);
    const { secretsKeyArn } = ground;
    const roles = serviceRoles({ owner, what: name, readable: args.readable, secretsKeyArn, statements: args.statements, parent: this });
    const definition = new TaskDefinition(
      id,
      {
        family: id,
        cpu: String(args.cpu),
        memory: String(args.memoryMb),
        networkMode: 'awsvpc',
        requiresCompatibilities: ['FARGATE'],
        executionRoleArn: roles.execution,
        taskRoleArn: roles.task,
        volumes: taskVolumes(args.volumes),
        containerDefinitions: containerDefinitions(args, { group: logs.name, region: place.awsRegion }),
        tags,
      },
      own,
    );
    const service = new Service(
      id,
      { ...placementOf(args), taskDefinition: definition.arn, propagateTags: 'SERVICE', enableEcsManagedTags: true, tags },
      // How many there are is the autoscaler's business once it has begun.
      { parent: this, ignoreChanges: args.scaling === undefined ? [] : ['desiredCount'] },
    );
    this.serviceName = service.name;
    if (args.scaling !== undefined) addScaling({ ground, what: name, service, scaling: args.scaling, parent: this });
    this.registerOutputs();
  }
}

const placementOf = (args: AwsServiceArgs) => ({
  cluster: args.ground.clusterArn,
  launchType: 'FARGATE',
  desiredCount: args.count,
  deploymentMinimumHealthyPercent: args.single ? 0 : 100,
  deploymentMaximumPercent: args.single ? 100 : 200,
  deploymentCircuitBreaker: { enable: true, rollback: true },
  networkConfiguration: { subnets: [...args.ground.subnetIds], securityGroups: [...args.securityGroupIds], assignPublicIp: false },
  serviceConnectConfiguration: {
    enabled: true,
    namespace: args.ground.namespaceArn,
    services: args.ports.map(({ name, port }) => ({
      portName: name,
      discoveryName: name,
      clientAlias: [{ port, dnsName: name }],
    })),
  },
  loadBalancers: args.targets.map(({ targetGroupArn, port }) => ({ targetGroupArn, containerName: args.name, containerPort: port })),
});
