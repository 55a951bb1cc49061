import { LogGroup } from '@pulumi/aws/cloudwatch/logGroup.js';
import { Service } from '@pulumi/aws/ecs/service.js';
import { TaskDefinition } from '@pulumi/aws/ecs/taskDefinition.js';
import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import { RolePolicyAttachment } from '@pulumi/aws/iam/rolePolicyAttachment.js';
import * as pulumi from '@pulumi/pulumi';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { profileOf } from '../profiles.js';
import { named } from './tags.js';

export interface AwsServiceArgs {
  readonly spec: StampSpec;
  readonly awsRegion: string;
  readonly name: 'agent' | 'workload';
  readonly image: string;
  readonly port: number;
  readonly count: number;
  readonly env: Readonly<Record<string, pulumi.Input<string>>>;
  /** Variable → where ECS finds its value: ARN of a secret, or name of a parameter. */
  readonly secrets: Readonly<Record<string, pulumi.Input<string>>>;
  /** ARNs of the secrets among them that the stamp owns. */
  readonly readableSecrets: readonly pulumi.Input<string>[];
  readonly keyArn: pulumi.Input<string>;
  readonly clusterArn: pulumi.Input<string>;
  readonly namespaceArn: pulumi.Input<string>;
  readonly subnetIds: readonly pulumi.Input<string>[];
  readonly securityGroupId: pulumi.Input<string>;
  readonly targetGroupArn?: pulumi.Input<string>;
  /** The old task ends before the new one starts. */
  readonly single: boolean;
}

/** A quarter: longer than the slowest investigation, short enough to forget. */
const logDays = 90;
const assumeByEcsTasks = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});

/** One Fargate service with its own roles and its own log, reached by others of the stamp as `http://<name>:<port>`. */
export class AwsService extends pulumi.ComponentResource {
  constructor(args: AwsServiceArgs, options: pulumi.ComponentResourceOptions) {
    const id = `${args.spec.name}-${args.name}`;
    const { image, port, count, env, secrets } = args;
    // As the component's inputs they are part of the graph's digest; in the container's JSON they are known at run time only.
    super('lapidary:stamp:Service', `${id}-service`, { image, port, count, env, secrets }, options);
    const own = { parent: this };
    const tags = named(args.spec, id);
    const logs = new LogGroup(
      id,
      { name: `/lapidary/${args.spec.name}/${args.name}`, retentionInDays: logDays, kmsKeyId: args.keyArn, tags },
      own,
    );
    const execution = new Role(`${id}-execution`, { assumeRolePolicy: assumeByEcsTasks, tags }, own);
    new RolePolicyAttachment(
      `${id}-execution`,
      { role: execution.name, policyArn: 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy' },
      own,
    );
    new RolePolicy(`${id}-secrets`, { role: execution.id, policy: secretsPolicy(args) }, own);
    const task = new Role(`${id}-task`, { assumeRolePolicy: assumeByEcsTasks, tags }, own);
    const size = profileOf[args.spec.profile].aws;
    const definition = new TaskDefinition(
      id,
      {
        family: id,
        cpu: String(size.cpu),
        memory: String(size.memoryMb),
        networkMode: 'awsvpc',
        requiresCompatibilities: ['FARGATE'],
        executionRoleArn: execution.arn,
        taskRoleArn: task.arn,
        containerDefinitions: containerOf(args, logs.name),
        tags,
      },
      own,
    );
    new Service(id, { ...placementOf(args), taskDefinition: definition.arn, tags }, own);
    this.registerOutputs();
  }
}

const containerOf = (args: AwsServiceArgs, logGroup: pulumi.Output<string>): pulumi.Output<string> =>
  pulumi.jsonStringify([
    {
      name: args.name,
      image: args.image,
      essential: true,
      readonlyRootFilesystem: true,
      portMappings: [{ name: args.name, containerPort: args.port, appProtocol: 'http' }],
      environment: Object.entries(args.env).map(([name, value]) => ({ name, value })),
      secrets: Object.entries(args.secrets).map(([name, valueFrom]) => ({ name, valueFrom })),
      logConfiguration: {
        logDriver: 'awslogs',
        options: { 'awslogs-group': logGroup, 'awslogs-region': args.awsRegion, 'awslogs-stream-prefix': args.name },
      },
    },
  ]);

/** Just the stamp's own secrets and its region's parameters, and the key they are under. */
const secretsPolicy = (args: AwsServiceArgs): pulumi.Output<string> =>
  pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['secretsmanager:GetSecretValue'], Resource: args.readableSecrets },
      { Effect: 'Allow', Action: ['kms:Decrypt'], Resource: [args.keyArn] },
      {
        Effect: 'Allow',
        Action: ['ssm:GetParameters'],
        Resource: [`arn:aws:ssm:${args.awsRegion}:*:parameter/lapidary/${args.spec.region}/*`],
      },
    ],
  });

const placementOf = (args: AwsServiceArgs) => ({
  cluster: args.clusterArn,
  launchType: 'FARGATE',
  desiredCount: args.count,
  deploymentMinimumHealthyPercent: args.single ? 0 : 100,
  deploymentMaximumPercent: args.single ? 100 : 200,
  deploymentCircuitBreaker: { enable: true, rollback: true },
  networkConfiguration: { subnets: [...args.subnetIds], securityGroups: [args.securityGroupId], assignPublicIp: false },
  serviceConnectConfiguration: {
    enabled: true,
    namespace: args.namespaceArn,
    services: [{ portName: args.name, discoveryName: args.name, clientAlias: [{ port: args.port, dnsName: args.name }] }],
  },
  loadBalancers:
    args.targetGroupArn === undefined ? [] : [{ targetGroupArn: args.targetGroupArn, containerName: args.name, containerPort: args.port }],
});
