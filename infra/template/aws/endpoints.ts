import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import { VpcEndpoint } from '@pulumi/aws/ec2/vpcEndpoint.js';
import type * as pulumi from '@pulumi/pulumi';
import { nameOf, tagged, type StackOwner, type StackPlace } from './stack-owner.js';

/** What a task needs before its first line runs: image, log, secrets. */
const interfaceServices = ['ecr.api', 'ecr.dkr', 'logs', 'secretsmanager'] as const;
const httpsPort = 443;

/** AWS's own services by private ways. S3 (where ECR keeps its layers) costs nothing and is always there. */
export const addEndpoints = (args: {
  readonly owner: StackOwner;
  readonly place: StackPlace;
  readonly interfaceEndpoints: boolean;
  readonly vpcId: pulumi.Output<string>;
  readonly addresses: { readonly vpc: string };
  readonly routeTableIds: readonly pulumi.Output<string>[];
  readonly subnetIds: readonly pulumi.Output<string>[];
  readonly parent: pulumi.Resource;
}): void => {
  const { owner, vpcId, parent } = args;
  const service = (name: string): string => `com.amazonaws.${args.place.awsRegion}.${name}`;
  new VpcEndpoint(
    nameOf(owner, 's3'),
    { vpcId, serviceName: service('s3'), vpcEndpointType: 'Gateway', routeTableIds: [...args.routeTableIds], tags: tagged(owner, 's3') },
    { parent },
  );
  if (!args.interfaceEndpoints) return;
  const ingress = [
    { protocol: 'tcp', fromPort: httpsPort, toPort: httpsPort, cidrBlocks: [args.addresses.vpc], description: 'The network itself' },
  ];
  const group = new SecurityGroup(
    nameOf(owner, 'endpoints'),
    { vpcId, description: `Endpoints of AWS services of ${owner.name}`, ingress, egress: [], tags: tagged(owner, 'endpoints') },
    { parent },
  );
  for (const name of interfaceServices) {
    const what = name.replace('.', '-');
    new VpcEndpoint(
      nameOf(owner, what),
      {
        vpcId,
        serviceName: service(name),
        vpcEndpointType: 'Interface',
        privateDnsEnabled: true,
        subnetIds: [...args.subnetIds],
        securityGroupIds: [group.id],
        tags: tagged(owner, what),
      },
      { parent },
    );
  }
};
