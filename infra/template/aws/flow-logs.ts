import { LogGroup } from '@pulumi/aws/cloudwatch/logGroup.js';
import { FlowLog } from '@pulumi/aws/ec2/flowLog.js';
import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import * as pulumi from '@pulumi/pulumi';
import { logDaysMin } from '../../policy/rules/log-retention.js';
import { assumedBy } from './service-roles.js';
import { nameOf, tagged, type StackOwner } from './stack-owner.js';

/** What was refused at the network's doors, for investigations. All traffic would be the largest log of the stack. */
export const addFlowLogs = (args: {
  readonly owner: StackOwner;
  readonly vpcId: pulumi.Output<string>;
  readonly logsKeyArn: pulumi.Input<string>;
  readonly parent: pulumi.Resource;
}): void => {
  const { owner, parent } = args;
  const id = nameOf(owner, 'flow');
  const tags = tagged(owner, 'flow');
  const group = new LogGroup(
    id,
    { name: `/lapidary/${owner.name}/flow`, retentionInDays: logDaysMin, kmsKeyId: args.logsKeyArn, tags },
    { parent },
  );
  const role = new Role(id, { assumeRolePolicy: assumedBy('vpc-flow-logs.amazonaws.com'), tags }, { parent });
  const actions = ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'];
  const statement = { Effect: 'Allow', Action: actions, Resource: [group.arn, pulumi.interpolate`${group.arn}:*`] };
  new RolePolicy(id, { role: role.id, policy: pulumi.jsonStringify({ Version: '2012-10-17', Statement: [statement] }) }, { parent });
  new FlowLog(
    id,
    { vpcId: args.vpcId, trafficType: 'REJECT', logDestination: group.arn, iamRoleArn: role.arn, maxAggregationInterval: 60, tags },
    { parent },
  );
};
