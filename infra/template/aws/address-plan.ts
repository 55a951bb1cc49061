/**
 * Who gets which private addresses. 10.0.0.0/8 is cut into 32 regions of 128 networks of 4,096 addresses each, so that no
 * two networks of the fleet overlap and any of them can be joined. The list is append-only: an index is an address for good.
 */
const regions = [
  'eu-west-1', 'us-east-1', 'eu-central-1', 'us-west-2', 'eu-west-2', 'eu-west-3', 'eu-north-1', 'eu-south-1', 'us-east-2', 'us-west-1',
  'ca-central-1', 'sa-east-1', 'ap-southeast-1', 'ap-southeast-2', 'ap-northeast-1', 'ap-northeast-2', 'ap-south-1', 'ap-east-1',
  'af-south-1', 'me-south-1', 'me-central-1', 'il-central-1', 'eu-central-2', 'eu-south-2', 'ap-south-2', 'ap-southeast-3',
] as const; // oxfmt-ignore

const networksPerRegion = 128;
/** The last network of a region is its control plane's. */
export const stampsPerRegionMax = networksPerRegion - 1;
/** /20. */
const addressesPerNetwork = 4096;

/** The whole fleet's private addresses: routers and control planes come from in here, nobody else. */
export const fleetCidr = '10.0.0.0/8';

export const zones = ['a', 'b', 'c'] as const;
export type Zone = (typeof zones)[number];

export interface ZoneAddresses {
  /** For NAT. */
  readonly public: string;
  /** For what runs. */
  readonly private: string;
  /** For what holds data; no way to the internet. */
  readonly data: string;
}

export interface AddressPlan {
  readonly vpc: string;
  readonly zones: Readonly<Record<Zone, ZoneAddresses>>;
}

/** The addresses of stamp `<region>-<n>` in an AWS region. One region of the fleet per AWS region. */
export const stampAddresses = (stamp: string, awsRegion: string): AddressPlan => {
  const number = Number(stamp.slice(stamp.lastIndexOf('-') + 1));
  if (number > stampsPerRegionMax)
    throw new Error(`${stamp}: the address plan has room for ${stampsPerRegionMax} stamps per region on AWS`);
  return network(awsRegion, number - 1);
};

export const controlPlaneAddresses = (awsRegion: string): AddressPlan => network(awsRegion, networksPerRegion - 1);

/** All networks of a region, for routes between regions. */
export const regionAddresses = (awsRegion: string): string => cidr(indexOf(awsRegion) * networksPerRegion * addressesPerNetwork, 13);

const indexOf = (awsRegion: string): number => {
  const index = (regions as readonly string[]).indexOf(awsRegion);
  if (index !== -1) return index;
  throw new Error(`the AWS region ${awsRegion} has no place in the address plan; add it at the end of infra/template/aws/address-plan.ts`);
};

const network = (awsRegion: string, index: number): AddressPlan => {
  const base = (indexOf(awsRegion) * networksPerRegion + index) * addressesPerNetwork;
  const at = (offset: number, bits: number): string => cidr(base + offset, bits);
  return {
    vpc: at(0, 20),
    // The first two zones keep the addresses that template 0.1 gave them, so the others lie in between. All 4,096 are used.
    zones: {
      a: { private: at(0, 22), public: at(2048, 24), data: at(2560, 25) },
      b: { private: at(1024, 22), public: at(2304, 24), data: at(2688, 25) },
      c: { private: at(3072, 22), public: at(2944, 25), data: at(2816, 25) },
    },
  };
};

/** Offset within 10.0.0.0/8 as text. */
const cidr = (offset: number, bits: number): string => `10.${offset >> 16}.${(offset >> 8) & 255}.${offset & 255}/${bits}`;
