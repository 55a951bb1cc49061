import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import { RolePolicyAttachment } from '@pulumi/aws/iam/rolePolicyAttachment.js';
import * as pulumi from '@pulumi/pulumi';
import { nameOf, tagged, type StackOwner } from './stack-owner.js';

export const assumedBy = (service: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  });

export interface Statement {
  readonly Action: readonly string[];
  readonly Resource: readonly pulumi.Input<string>[];
  readonly Condition?: object;
}

/** What ECS may read to fill a container's variables. */
export interface Readable {
  readonly secrets: readonly pulumi.Input<string>[];
  readonly parameters: readonly pulumi.Input<string>[];
  /** Alias of the key that the secret ones among the parameters are under: the region's, where a stamp reads them. */
  readonly parametersUnder?: string;
}

export interface ServiceRolesArgs {
  readonly owner: StackOwner;
  /** Name of the service. */
  readonly what: string;
  readonly readable: Readable;
  readonly secretsKeyArn: pulumi.Input<string>;
  /** What the program itself may do. Most may nothing. */
  readonly statements: readonly Statement[];
  readonly parent: pulumi.Resource;
}

const ecsTasks = 'ecs-tasks.amazonaws.com';
const executionPolicy = 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy';

/**
 * Two roles per service: the one with which ECS starts it (image, log, exactly its own secrets), and the one that the program
 * has. No two services share one.
 */
export const serviceRoles = (
  args: ServiceRolesArgs,
): { readonly execution: pulumi.Output<string>; readonly task: pulumi.Output<string> } => {
  const { owner, what, parent } = args;
  const id = nameOf(owner, what);
  const tags = tagged(owner, what);
  const own = { parent };
  const execution = new Role(`${id}-execution`, { assumeRolePolicy: assumedBy(ecsTasks), tags }, own);
  new RolePolicyAttachment(`${id}-execution`, { role: execution.name, policyArn: executionPolicy }, own);
  const reading = readingStatements(args);
  if (reading.length > 0) new RolePolicy(`${id}-secrets`, { role: execution.id, policy: document(reading) }, own);
  const task = new Role(`${id}-task`, { assumeRolePolicy: assumedBy(ecsTasks), tags }, own);
  if (args.statements.length > 0) new RolePolicy(`${id}-task`, { role: task.id, policy: document(args.statements) }, own);
  return { execution: execution.arn, task: task.arn };
};

const readingStatements = ({ readable, secretsKeyArn }: ServiceRolesArgs): readonly Statement[] => [
  ...(readable.secrets.length > 0 ? [{ Action: ['secretsmanager:GetSecretValue'], Resource: readable.secrets }] : []),
  ...(readable.parameters.length > 0 ? [{ Action: ['ssm:GetParameters'], Resource: readable.parameters }] : []),
  ...(readable.secrets.length > 0 ? [{ Action: ['kms:Decrypt'], Resource: [secretsKeyArn] }] : []),
  ...(readable.parametersUnder === undefined ? [] : [decryptUnder(readable.parametersUnder)]),
];

const decryptUnder = (alias: string): Statement => ({
  Action: ['kms:Decrypt'],
  Resource: ['arn:aws:kms:*:*:key/*'],
  Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': alias } },
});

const document = (statements: readonly Statement[]): pulumi.Output<string> =>
  pulumi.jsonStringify({ Version: '2012-10-17', Statement: statements.map((s) => ({ Effect: 'Allow', ...s })) });
