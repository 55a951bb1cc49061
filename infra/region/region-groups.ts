import * as pulumi from '@pulumi/pulumi';
import { fleetCidr } from '../template/aws/address-plan.js';
import { componentType, nameOf, type StackOwner } from '../template/aws/stack-owner.js';
import { addGroup, ports } from '../template/aws/security-group.js';

export const regionPorts = { ...ports, api: 8080, router: 8000, routerAdmin: 8001, leafWebSocket: 8443, natsMonitor: 8222 } as const;

/** Who may talk to whom in a region's own network. The world reaches port 443 of the public door, and nothing else. */
export class RegionGroups extends pulumi.ComponentResource {
  readonly publicDoor: pulumi.Output<string>;
  readonly natsDoor: pulumi.Output<string>;
  readonly controlPlane: pulumi.Output<string>;
  readonly router: pulumi.Output<string>;
  readonly messaging: pulumi.Output<string>;
  readonly database: pulumi.Output<string>;
  readonly files: pulumi.Output<string>;

  constructor(owner: StackOwner, vpcId: pulumi.Input<string>, options: pulumi.ComponentResourceOptions) {
    super(componentType(owner, 'Groups'), nameOf(owner, 'groups'), {}, options);
    const from = (...securityGroups: pulumi.Input<string>[]) => ({ securityGroups });
    const group = (what: string, description: string, rules: Parameters<typeof addGroup>[0]['rules'], egress: 'anywhere' | 'nowhere') =>
      addGroup({ owner, vpcId, what, description, rules, egress, parent: this });
    const everybody = { cidrBlocks: ['0.0.0.0/0'] };
    this.publicDoor = group(
      'public-door',
      'Tenants and people',
      [{ from: ports.https, source: everybody, why: 'Everybody, under TLS' }],
      'anywhere',
    );
    const fleet = { cidrBlocks: [fleetCidr] };
    this.natsDoor = group(
      'nats-door',
      'Agents, routers, the other regions',
      [
        { from: ports.nats, source: fleet, why: 'Clients, under TLS' },
        { from: ports.https, source: fleet, why: 'Leaf nodes of stamps, under TLS' },
      ],
      'anywhere',
    );
    this.controlPlane = group(
      'control-plane',
      'Control plane',
      [{ from: regionPorts.api, source: from(this.publicDoor), why: 'API and console' }],
      'anywhere',
    );
    this.router = group(
      'router',
      'Routers',
      [
        { from: regionPorts.router, source: from(this.publicDoor), why: 'Tenants' },
        { from: regionPorts.routerAdmin, source: from(this.publicDoor, this.controlPlane), why: 'Health and metrics' },
      ],
      'anywhere',
    );
    this.messaging = group(
      'messaging',
      'NATS',
      [
        { from: ports.nats, source: from(this.natsDoor), why: 'Clients' },
        { from: regionPorts.leafWebSocket, source: from(this.natsDoor), why: 'Leaf nodes' },
        { from: regionPorts.natsMonitor, source: from(this.natsDoor), why: 'Health' },
        { from: ports.natsCluster, source: { self: true }, why: 'Each other' },
      ],
      'anywhere',
    );
    this.database = group(
      'database',
      'Database',
      [{ from: ports.postgres, source: from(this.controlPlane), why: 'Control plane' }],
      'nowhere',
    );
    this.files = group(
      'files',
      'Files',
      [
        {
          from: ports.files,
          source: from(this.controlPlane, this.messaging, this.router),
          why: 'State of the engine, JetStream, directories',
        },
      ],
      'nowhere',
    );
    this.registerOutputs();
  }
}
