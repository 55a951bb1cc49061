import { CostAllocationTag } from '@pulumi/aws/costexplorer/costAllocationTag.js';
import { Zone } from '@pulumi/aws/route53/zone.js';
import * as pulumi from '@pulumi/pulumi';
import { AwsKeys } from '../template/aws/keys.js';
import { ownProvider } from '../template/aws/own-provider.js';
import { globalOwner, nameOf, tagged } from '../template/aws/stack-owner.js';
import { addBuilderRole } from './builder-role.js';
import type { GlobalInputs } from './global-inputs.js';
import { Registry } from './registry.js';
import { addStateBucket } from './state-bucket.js';
import { TransitMesh } from './transit-mesh.js';

export interface GlobalOutputs {
  readonly zoneId: pulumi.Output<string>;
  /** For the registrar of the domain. */
  readonly nameServers: pulumi.Output<string[]>;
  readonly stateBucket: pulumi.Output<string>;
  readonly repositories: Readonly<Record<string, pulumi.Output<string>>>;
  readonly builderRoleArn: pulumi.Output<string>;
}

/** What a fleet has once. Nothing in here is on a request's way, and every region runs with all of it away. */
export const renderGlobal = (inputs: GlobalInputs): GlobalOutputs => new Global(inputs).outputs;

/** Bills are split by them; AWS counts from the day they are activated. */
const billedBy = ['stamp', 'region'];

class Global extends pulumi.ComponentResource {
  readonly outputs: GlobalOutputs;

  constructor({ spec, unprotected = false }: GlobalInputs) {
    const owner = globalOwner;
    super('lapidary:global:Global', owner.name);
    const place = { ...spec.home, unprotected };
    const own = { parent: this };
    const child = { parent: this, providers: { aws: ownProvider(owner, place, this) } };
    const keys = new AwsKeys({ owner, place }, child);
    const zone = new Zone(
      nameOf(owner, 'zone'),
      { name: spec.domain, comment: 'The fleet’s tenants, APIs and stamps', tags: tagged(owner, 'zone') },
      { parent: keys, protect: !unprotected },
    );
    const regions = Object.entries(spec.regions).map(([name, region]) => ({ name, ...region }));
    const elsewhere = [...new Set(regions.map((r) => r.awsRegion))].filter((awsRegion) => awsRegion !== spec.home.awsRegion);
    const { accountId } = keys;
    const registry = new Registry({ owner, unprotected, keyArn: keys.data, accountId, copiesIn: elsewhere }, child);
    const stateBucket = addStateBucket({ owner, unprotected, keyArn: keys.data, accountId, parent: keys });
    const builder = addBuilderRole(owner, accountId, keys);
    for (const tagKey of billedBy)
      new CostAllocationTag(nameOf(owner, `billed-by-${tagKey}`), { tagKey, status: 'Active' }, { parent: keys });
    const joined = regions.flatMap(({ name, awsRegion, transitGatewayId }) =>
      transitGatewayId === undefined ? [] : [{ name, awsRegion, transitGatewayId }],
    );
    if (joined.length > 1) new TransitMesh(owner, joined, accountId, own);
    this.outputs = {
      zoneId: zone.zoneId,
      nameServers: zone.nameServers,
      stateBucket,
      repositories: registry.urls,
      builderRoleArn: builder.arn,
    };
    this.registerOutputs(this.outputs);
  }
}
