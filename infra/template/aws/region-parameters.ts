/**
 * What a region's program tells its stamps: parameters in AWS Systems Manager, `/lapidary/<region>/<name>`. The regional program
 * (infra/region) writes them, the template reads them, or has ECS put them into containers.
 */
export const regionParameters = {
  natsUrl: 'nats-url',
  agentNatsUser: 'agent-nats-user',
  agentNatsPassword: 'agent-nats-password',
  /** With user and password: where the stamps' own NATS servers attach as leaf nodes. */
  natsLeafUrl: 'nats-leaf-url',
  /** Hosted zone and domain of the stamps' front doors. */
  zoneId: 'zone-id',
  domain: 'domain',
  /** Joins the networks of the region, and the regions. */
  transitGatewayId: 'transit-gateway-id',
  /** Who is woken. */
  alarmTopicArn: 'alarm-topic-arn',
} as const;
export type RegionParameter = keyof typeof regionParameters;

export const parameterName = (region: string, parameter: RegionParameter): string => `/lapidary/${region}/${regionParameters[parameter]}`;

/** Of the key that a region's secret parameters are under; infra/template/aws/keys.ts makes it. */
export const secretsKeyAlias = (region: string): string => `alias/lapidary-${region}-secrets`;
