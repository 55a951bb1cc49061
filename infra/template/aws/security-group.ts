import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import type * as pulumi from '@pulumi/pulumi';
import { nameOf, tagged, type StackOwner } from './stack-owner.js';

export const ports = {
  https: 443,
  agent: 8080,
  workload: 8081,
  postgres: 5432,
  valkey: 6379,
  /** NFS. */
  files: 2049,
  nats: 4222,
  /** Between the NATS servers of one cluster. */
  natsCluster: 6222,
} as const;

export interface Inbound {
  readonly from: number;
  readonly to?: number;
  readonly source: { readonly cidrBlocks: string[] } | { readonly securityGroups: pulumi.Input<string>[] } | { readonly self: true };
  /** Shown by AWS beside the rule. */
  readonly why: string;
}

export interface GroupArgs {
  readonly owner: StackOwner;
  readonly vpcId: pulumi.Input<string>;
  readonly what: string;
  /** Part of a group's identity in AWS: another text is another group. */
  readonly description: string;
  readonly rules: readonly Inbound[];
  readonly egress: 'anywhere' | 'nowhere' | { readonly port: number; readonly cidr: string; readonly why: string };
  readonly aliases?: string[];
  readonly parent: pulumi.Resource;
}

/** One security group; returns its id. */
export const addGroup = (args: GroupArgs): pulumi.Output<string> => {
  const { owner, vpcId, what, description } = args;
  const ingress = args.rules.map(({ from, to, source, why }) => ({
    protocol: 'tcp',
    fromPort: from,
    toPort: to ?? from,
    ...source,
    description: why,
  }));
  return new SecurityGroup(
    nameOf(owner, what),
    { vpcId, description, ingress, egress: egressOf(args.egress), tags: tagged(owner, what) },
    { parent: args.parent, aliases: args.aliases ?? [] },
  ).id;
};

const egressOf = (egress: GroupArgs['egress']) => {
  if (egress === 'nowhere') return [];
  if (egress === 'anywhere')
    return [{ protocol: '-1', fromPort: 0, toPort: 0, cidrBlocks: ['0.0.0.0/0'], description: 'Registries, NATS, AWS' }];
  return [{ protocol: 'tcp', fromPort: egress.port, toPort: egress.port, cidrBlocks: [egress.cidr], description: egress.why }];
};
