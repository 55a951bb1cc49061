import { decode, encode, type DecodedPacket, type Packet } from 'dns-packet';
import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import { publicDoorsFrom } from '../public-doors.js';
import { respond, type Transport } from './respond.js';
import type { DnsDirectory, DnsWorld, Zone } from './zone.js';

/** The library tells the code by its mnemonic; its types don't. */
export type Told = DecodedPacket & { readonly rcode: string };
export const read = (bytes: Buffer): Told => decode(bytes) as Told;

export const baseDomain = 'lapidary.test';

/** For tests: a directory that the test writes, and a name server without sockets in front of it. */
export class TestDns {
  readonly tenants = new Map<string, TenantRoute & { changedAtMs: number }>();
  readonly stamps = new Map<string, StampRoute>();
  nowMs = 1_000_000_000;
  isLoaded = true;
  mayLack = false;
  isLive = true;

  constructor(private readonly zone: Partial<Zone> = {}) {
    this.stamp({});
  }

  tenant(id: string, over: Partial<TenantRoute> & { changedAtMs?: number } = {}): void {
    const route = { kind: 'tenant', tenant: id, region: 'eu', status: 'placed', stamp: 'eu-1', epoch: 1, hosts: [], ...over } as const;
    this.tenants.set(id, { changedAtMs: 0, ...route } as TenantRoute & { changedAtMs: number });
  }

  stamp(over: Partial<StampRoute>): void {
    const route: StampRoute = {
      kind: 'stamp',
      stamp: 'eu-1',
      region: 'eu',
      status: 'active',
      epoch: 1,
      frontDoors: [],
      ...over,
    } as StampRoute;
    this.stamps.set(route.stamp, route);
  }

  get world(): DnsWorld {
    const directory: DnsDirectory = {
      isLoaded: this.isLoaded,
      mayLack: this.mayLack,
      isLive: this.isLive,
      cursor: 42,
      tenant: (id) => this.tenants.get(id),
      stamp: (name) => this.stamps.get(name),
      tenantOfHost: (host) => [...this.tenants.values()].find(({ hosts }) => hosts.includes(host))?.tenant,
      changedAtMs: ({ tenant }) => this.tenants.get(tenant)?.changedAtMs ?? 0,
    };
    const zone: Zone = {
      baseDomain,
      nameServers: [`a.ns.${baseDomain}`],
      addresses: ['192.0.2.1', '2001:db8::1'],
      doors: publicDoorsFrom(undefined),
      ttlMaxSeconds: 60,
      ...this.zone,
    };
    return { directory, zone, nowMs: this.nowMs };
  }

  /** Asks and reads the answer; throws where there is none. */
  ask(name: string, type: string, options: { transport?: Transport; packet?: Partial<Packet> } = {}): Told {
    const response = respond(question(name, type, options.packet), options.transport ?? 'udp', this.world);
    if (response.kind === 'drop') throw new Error(`dropped: ${response.reason}`);
    return read(response.bytes);
  }
}

export const question = (name: string, type: string, more: Partial<Packet> = {}): Buffer =>
  encode({ type: 'query', id: 7, questions: [{ name, type: type as 'A' }], ...more });

export const ednsOf = (udpPayloadSize: number, ednsVersion = 0): Partial<Packet> => ({
  additionals: [{ type: 'OPT', name: '.', udpPayloadSize, extendedRcode: 0, ednsVersion, flags: 0, flag_do: false, options: [] }],
});
