import type { MonthlyCost } from '@lapidary/contracts/provisioner-protocol';
import { containsUnknown, plain, type PropertyMap, type PropertyValue } from '../engine/property-values.js';
import { types } from '../policy/resource-types.js';
import { priceList, regionFactorOf, regionFactorUnlisted } from './price-list.js';

export interface PricedResource {
  readonly type: string;
  readonly name: string;
  readonly inputs: PropertyMap;
}

/** AWS's own figure: 365 × 24 / 12. */
const hoursPerMonth = 730;
const mbPerGb = 1024;
/** ECS counts 1024 CPU units to a vCPU. */
const unitsPerVcpu = 1024;

type Price = (resource: PricedResource, all: readonly PricedResource[]) => readonly [what: string, usd: number] | undefined;

/**
 * What the resources cost per month by the dated list in price-list.ts: an estimate for plans and reviews, never a bill. Null
 * where nothing among them has a price (the local target).
 */
export const monthlyCostOf = (resources: readonly PricedResource[]): MonthlyCost | null => {
  const factor = factorOf(resources);
  const sums = new Map<string, number>();
  for (const resource of resources) {
    const line = prices[resource.type]?.(resource, resources);
    if (line !== undefined) sums.set(line[0], (sums.get(line[0]) ?? 0) + line[1] * factor);
  }
  if (sums.size === 0) return null;
  const lines = [...sums].map(([what, usd]) => ({ what, usd: cents(usd) })).sort((a, b) => b.usd - a.usd);
  return { usd: cents(lines.reduce((sum, line) => sum + line.usd, 0)), asOf: priceList.asOf, lines };
};

const cents = (usd: number): number => Math.round(usd * 100) / 100;

const value = (resource: PricedResource, key: string): PropertyValue | undefined => {
  const found = resource.inputs[key];
  return found === undefined || containsUnknown(found) ? undefined : plain(found);
};
const text = (resource: PricedResource, key: string): string => String(value(resource, key) ?? '');
const count = (resource: PricedResource, key: string, otherwise: number): number => {
  const found = Number(value(resource, key) ?? otherwise);
  return Number.isFinite(found) ? found : otherwise;
};
/** Also of a list whose items are not known yet. */
const lengthOf = (resource: PricedResource, key: string): number => {
  const found = resource.inputs[key];
  return Array.isArray(found) ? found.length : 1;
};

const hourly =
  (what: string, usdPerHour: number): Price =>
  () => [what, usdPerHour * hoursPerMonth];
const monthly =
  (what: string, usdPerMonth: number): Price =>
  () => [what, usdPerMonth];

const database: Price = (resource) => {
  const machine = text(resource, 'instanceClass');
  const usdPerHour = priceList.databaseHour[machine];
  if (usdPerHour === undefined) return undefined;
  const machines = value(resource, 'multiAz') === true ? 2 : 1;
  const storage = count(resource, 'allocatedStorage', 0) * priceList.databaseGbMonth;
  return [`database ${machine}${machines === 2 ? ', two zones' : ''}`, machines * (usdPerHour * hoursPerMonth + storage)];
};

const cache: Price = (resource) => {
  const machine = text(resource, 'nodeType');
  const usdPerHour = priceList.valkeyHour[machine];
  if (usdPerHour === undefined) return undefined;
  const nodes = count(resource, 'numCacheClusters', 1);
  return [`cache ${nodes} × ${machine}`, nodes * usdPerHour * hoursPerMonth];
};

/** The service knows how many, the task definition of the same name how large. */
const fargate: Price = (resource, all) => {
  const definition = all.find((r) => r.type === types.taskDefinition && r.name === resource.name);
  if (definition === undefined) return undefined;
  const vcpu = count(definition, 'cpu', 0) / unitsPerVcpu;
  const gb = count(definition, 'memory', 0) / mbPerGb;
  const usdPerHour = vcpu * priceList.fargateVcpuHour + gb * priceList.fargateGbHour;
  return ['tasks on Fargate', count(resource, 'desiredCount', 1) * usdPerHour * hoursPerMonth];
};

const endpoint: Price = (resource) =>
  text(resource, 'vpcEndpointType') === 'Interface'
    ? ['endpoints of AWS services', lengthOf(resource, 'subnetIds') * priceList.interfaceEndpointHour * hoursPerMonth]
    : undefined;

const firewall: Price = (resource) => ['web firewall', priceList.webAclMonth + lengthOf(resource, 'rules') * priceList.webAclRuleMonth];

const balancer: Price = (resource) => {
  const what = text(resource, 'loadBalancerType') === 'network' ? 'network load balancer' : 'load balancer';
  return [what, (priceList.loadBalancerHour + priceList.loadBalancerUnitHour) * hoursPerMonth];
};

const prices: Readonly<Record<string, Price>> = {
  [types.database]: database,
  [types.cache]: cache,
  [types.loadBalancer]: balancer,
  [types.key]: monthly('keys', priceList.keyMonth),
  [types.secret]: monthly('secrets', priceList.secretMonth),
  'aws:ecs/service:Service': fargate,
  'aws:ec2/natGateway:NatGateway': hourly('NAT gateways', priceList.natGatewayHour),
  'aws:ec2/eip:Eip': hourly('public addresses', priceList.publicAddressHour),
  'aws:ec2/vpcEndpoint:VpcEndpoint': endpoint,
  'aws:ec2transitgateway/vpcAttachment:VpcAttachment': hourly('transit gateway', priceList.transitAttachmentHour),
  'aws:ec2transitgateway/peeringAttachment:PeeringAttachment': hourly('transit gateway', priceList.transitAttachmentHour),
  'aws:wafv2/webAcl:WebAcl': firewall,
  'aws:cloudwatch/metricAlarm:MetricAlarm': monthly('alarms', priceList.alarmMonth),
  'aws:cloudwatch/dashboard:Dashboard': monthly('dashboard', priceList.dashboardMonth),
  'aws:route53/healthCheck:HealthCheck': monthly('DNS', priceList.healthCheckMonth),
  'aws:route53/zone:Zone': monthly('DNS', priceList.zoneMonth),
};

/** By the provider that the stack brings; where there is none, by a zone. */
const factorOf = (resources: readonly PricedResource[]): number => {
  const provider = resources.find((r) => r.type === types.provider);
  const subnet = resources.find((r) => r.type === types.subnet);
  const region = provider ? text(provider, 'region') : subnet ? text(subnet, 'availabilityZone').replace(/[a-z]$/, '') : '';
  return regionFactorOf[region] ?? regionFactorUnlisted;
};
