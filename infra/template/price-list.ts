/**
 * List prices of AWS in us-east-1, on demand, in US dollars, for estimates. Taken down by hand from the pages below as of the
 * date below, without access to the price API from the build machines; a figure that matters to somebody is checked in the AWS
 * Pricing Calculator. To bring them up to date: change figures and date together, then `npm run gen`.
 * Sources: aws.amazon.com/{rds/postgresql,elasticache,fargate,vpc,elasticloadbalancing,kms,secrets-manager,waf,cloudwatch,
 * route53,transit-gateway}/pricing.
 */
export const priceList = {
  asOf: '2026-06-01',
  /** One machine, PostgreSQL; two zones are two machines. */
  databaseHour: {
    'db.t4g.medium': 0.065,
    'db.t4g.large': 0.129,
    'db.m7g.large': 0.168,
    'db.m7g.xlarge': 0.337,
    'db.r7g.large': 0.239,
    'db.r7g.xlarge': 0.478,
    'db.r7g.2xlarge': 0.956,
  } as Readonly<Record<string, number>>,
  databaseGbMonth: 0.115,
  /** Valkey is a fifth cheaper than Redis OSS on the same node. */
  valkeyHour: {
    'cache.t4g.micro': 0.0128,
    'cache.t4g.small': 0.0256,
    'cache.t4g.medium': 0.052,
    'cache.m7g.large': 0.1264,
    'cache.r7g.large': 0.1752,
    'cache.r7g.xlarge': 0.3496,
  } as Readonly<Record<string, number>>,
  fargateVcpuHour: 0.04048,
  fargateGbHour: 0.004445,
  natGatewayHour: 0.045,
  publicAddressHour: 0.005,
  interfaceEndpointHour: 0.01,
  transitAttachmentHour: 0.05,
  loadBalancerHour: 0.0225,
  /** One capacity unit, as a load balancer with some traffic has. */
  loadBalancerUnitHour: 0.008,
  keyMonth: 1,
  secretMonth: 0.4,
  webAclMonth: 5,
  webAclRuleMonth: 1,
  alarmMonth: 0.1,
  dashboardMonth: 3,
  healthCheckMonth: 0.5,
  zoneMonth: 0.5,
} as const;

/** How much dearer a region is than us-east-1, over this mix of services; rounded up to five per cent. */
export const regionFactorOf: Readonly<Record<string, number>> = {
  'us-east-1': 1,
  'us-east-2': 1,
  'us-west-2': 1,
  'eu-west-1': 1.1,
  'eu-north-1': 1.05,
  'ca-central-1': 1.1,
  'eu-central-1': 1.15,
  'eu-west-2': 1.15,
  'eu-west-3': 1.15,
};
/** A region that is not listed is estimated dear rather than cheap. */
export const regionFactorUnlisted = 1.3;
