/**
 * Who gets which private addresses. 10.0.0.0/8 is cut into 32 regions of 128 stamps of 4,096 addresses each, so that no
 * two stamps of the fleet overlap and any of them can be peered. The list is append-only: an index is an address for good.
 */
const regions = [
  'eu-west-1', 'us-east-1', 'eu-central-1', 'us-west-2', 'eu-west-2', 'eu-west-3', 'eu-north-1', 'eu-south-1', 'us-east-2', 'us-west-1',
  'ca-central-1', 'sa-east-1', 'ap-southeast-1', 'ap-southeast-2', 'ap-northeast-1', 'ap-northeast-2', 'ap-south-1', 'ap-east-1',
  'af-south-1', 'me-south-1', 'me-central-1', 'il-central-1', 'eu-central-2', 'eu-south-2', 'ap-south-2', 'ap-southeast-3',
] as const; // prettier-ignore

export const stampsPerRegionMax = 128;
/** /20. */
const addressesPerStamp = 4096;
/** Two /22 for what runs, two /24 for load balancers and NAT; the rest is left for what comes. */
const privateSize = 1024;
const publicSize = 256;

export interface AddressPlan {
  readonly vpc: string;
  readonly privateSubnets: readonly [string, string];
  readonly publicSubnets: readonly [string, string];
}

/** The addresses of stamp `<region>-<n>` in an AWS region. One region of the fleet per AWS region. */
export const addressPlan = (stamp: string, awsRegion: string): AddressPlan => {
  const region = (regions as readonly string[]).indexOf(awsRegion);
  if (region === -1)
    throw new Error(
      `the AWS region ${awsRegion} has no place in the address plan; add it at the end of infra/template/aws/address-plan.ts`,
    );
  const number = Number(stamp.slice(stamp.lastIndexOf('-') + 1));
  if (number > stampsPerRegionMax)
    throw new Error(`${stamp}: the address plan has room for ${stampsPerRegionMax} stamps per region on AWS`);
  const base = (region * stampsPerRegionMax + (number - 1)) * addressesPerStamp;
  const publicBase = base + 2 * privateSize;
  return {
    vpc: cidr(base, 20),
    privateSubnets: [cidr(base, 22), cidr(base + privateSize, 22)],
    publicSubnets: [cidr(publicBase, 24), cidr(publicBase + publicSize, 24)],
  };
};

/** Offset within 10.0.0.0/8 as text. */
const cidr = (offset: number, bits: number): string => `10.${offset >> 16}.${(offset >> 8) & 255}.${offset & 255}/${bits}`;
