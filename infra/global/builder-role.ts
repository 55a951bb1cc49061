import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import { RolePolicyAttachment } from '@pulumi/aws/iam/rolePolicyAttachment.js';
import * as pulumi from '@pulumi/pulumi';
import { nameOf, tagged, type StackOwner } from '../template/aws/stack-owner.js';

/** As stamps/regions.yaml names it in `aws.roleArn`, and control planes may assume it. */
export const builderRoleName = 'lapidary-stamp-builder';
/** Of a provisioning job, with room for a database that takes its time. */
const sessionSeconds = 7200;

/**
 * The role that builds stamps. It may make what a stamp consists of (AWS's own PowerUserAccess: everything but identities) and the
 * roles of a stamp's tasks, which may only ever be given to ECS and to flow logs.
 */
export const addBuilderRole = (owner: StackOwner, accountId: pulumi.Output<string>, parent: pulumi.Resource): Role => {
  const what = 'stamp-builder';
  const id = nameOf(owner, what);
  const trust = pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: pulumi.interpolate`arn:aws:iam::${accountId}:root` },
        Action: 'sts:AssumeRole',
        Condition: { ArnLike: { 'aws:PrincipalArn': pulumi.interpolate`arn:aws:iam::${accountId}:role/*-control-plane-task*` } },
      },
    ],
  });
  const role = new Role(
    id,
    { name: builderRoleName, assumeRolePolicy: trust, maxSessionDuration: sessionSeconds, tags: tagged(owner, what) },
    { parent },
  );
  new RolePolicyAttachment(id, { role: role.name, policyArn: 'arn:aws:iam::aws:policy/PowerUserAccess' }, { parent });
  const taskRoles = ['execution', 'task', 'flow'].map((kind) => pulumi.interpolate`arn:aws:iam::${accountId}:role/*-${kind}*`);
  const statements = [
    {
      Effect: 'Allow',
      Action: [
        'iam:CreateRole',
        'iam:DeleteRole',
        'iam:GetRole',
        'iam:UpdateAssumeRolePolicy',
        'iam:TagRole',
        'iam:UntagRole',
        'iam:PutRolePolicy',
        'iam:GetRolePolicy',
        'iam:DeleteRolePolicy',
        'iam:AttachRolePolicy',
        'iam:DetachRolePolicy',
        'iam:ListRolePolicies',
        'iam:ListAttachedRolePolicies',
        'iam:ListInstanceProfilesForRole',
      ],
      Resource: taskRoles,
    },
    {
      Effect: 'Allow',
      Action: ['iam:PassRole'],
      Resource: taskRoles,
      Condition: { StringEquals: { 'iam:PassedToService': ['ecs-tasks.amazonaws.com', 'vpc-flow-logs.amazonaws.com'] } },
    },
  ];
  new RolePolicy(id, { role: role.id, policy: pulumi.jsonStringify({ Version: '2012-10-17', Statement: statements }) }, { parent });
  return role;
};
