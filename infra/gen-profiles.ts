import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { profiles, type RegionFacts, type StampSpec } from '@lapidary/contracts/stamp-spec';
import type { MonthlyCost } from '@lapidary/contracts/provisioner-protocol';
import { renderGraph } from './engine/synth/render-graph.js';
import type { PropertyMap } from './engine/property-values.js';
import { priceList } from './template/price-list.js';
import { monthlyCostOf } from './template/prices.js';
import { profileOf, type TaskSize } from './template/profiles.js';

/**
 * Writes docs/reference/profiles.md: what each size is on each target, and what it costs a month on AWS by the price list, from
 * the rendered graphs themselves. `--check` writes nothing and ends with 1 where the page is not up to date.
 */
type Profile = StampSpec['profile'];

const facts: RegionFacts = { jurisdiction: 'us', awsRegion: 'us-east-1' };
const specOf = (profile: Profile): StampSpec => ({
  name: 'us-1',
  region: 'us',
  driver: 'aws',
  profile,
  ring: 'broad',
  isolation: 'pooled',
  capacity: { units: 1 },
  workload: { version: '1' },
  labels: {},
});

const costOf = async (profile: Profile): Promise<{ readonly count: number; readonly cost: MonthlyCost }> => {
  const { resources } = await renderGraph({ spec: specOf(profile), regionFacts: facts, local: null });
  const cost = monthlyCostOf(resources.map((r) => ({ ...r, inputs: r.inputs as PropertyMap })));
  if (cost === null) throw new Error(`the ${profile} profile has no price`);
  return { count: resources.length, cost };
};

const task = ({ cpu, memoryMb }: TaskSize): string => `${cpu / 1024} vCPU, ${memoryMb / 1024} GB`;

/** Label → cell per profile. */
const rows: readonly (readonly [string, (profile: Profile) => string])[] = [
  ['heap per process (local)', (p) => `${profileOf[p].local.heapMb} MB`],
  ['database connections (local)', (p) => String(profileOf[p].local.databaseConnections)],
  ['zones', (p) => String(profileOf[p].aws.network.zoneCount)],
  ['ways out (NAT)', (p) => (profileOf[p].aws.network.natPerZone ? 'one per zone' : 'one')],
  ['private ways to AWS services', (p) => (profileOf[p].aws.network.interfaceEndpoints ? 'S3, ECR, logs, secrets' : 'S3')],
  ['database', (p) => `${profileOf[p].aws.databaseClass}, ${profileOf[p].aws.databaseGb} to ${profileOf[p].aws.databaseGbMax} GB`],
  ['cache', (p) => `${profileOf[p].aws.cacheNodes} × ${profileOf[p].aws.cacheNode}`],
  ['NATS', (p) => `${profileOf[p].aws.natsServers} × ${task(profileOf[p].aws.nats)}, ${profileOf[p].aws.nats.storageGb} GB`],
  ['agent', (p) => task(profileOf[p].aws.agent)],
  ['workload', (p) => `${profileOf[p].aws.workload.min} to ${profileOf[p].aws.workload.max} × ${task(profileOf[p].aws.workload)}`],
];

export const renderProfiles = async (): Promise<string> => {
  const costs = new Map(await Promise.all(profiles.map(async (p) => [p, await costOf(p)] as const)));
  const row = (label: string, cell: (profile: Profile) => string): string => `| ${label} | ${profiles.map(cell).join(' | ')} |`;
  const whats = [...new Set([...costs.values()].flatMap(({ cost }) => cost.lines.map((line) => line.what.replace(/ .*[0-9].*$/, ''))))];
  const priced = whats.map((what) =>
    row(what, (p) => {
      const lines = costs.get(p)!.cost.lines.filter((line) => line.what.replace(/ .*[0-9].*$/, '') === what);
      return lines.length === 0 ? '–' : lines.reduce((sum, line) => sum + line.usd, 0).toFixed(0);
    }),
  );
  return [
    '# Profiles',
    '',
    'What a size means, per target. The template renders them (`infra/template/profiles.ts`); the policies hold them to their cost class',
    '([policies](policies.md)).',
    '',
    `| | ${profiles.join(' | ')} |`,
    `| --- |${profiles.map(() => ' --- |').join('')}`,
    ...rows.map(([label, cell]) => row(label, cell)),
    row('resources on AWS', (p) => String(costs.get(p)!.count)),
    '',
    `## Estimate per month on AWS, in US dollars`,
    '',
    `On-demand list prices of ${facts.awsRegion} as of ${priceList.asOf} (\`infra/template/price-list.ts\`), rounded. An estimate for comparing and`,
    'planning: **not counted** are traffic, logs by volume, backups beyond the size of the database, file storage, requests, tasks that',
    'autoscaling adds, taxes, and any discount of yours.',
    '',
    `| | ${profiles.join(' | ')} |`,
    `| --- |${profiles.map(() => ' --: |').join('')}`,
    ...priced,
    row('**together**', (p) => `**${costs.get(p)!.cost.usd.toFixed(0)}**`),
    '',
  ].join('\n');
};

const main = async (): Promise<number> => {
  Error.stackTraceLimit = 0;
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const file = join(import.meta.dirname, '..', '..', 'docs', 'reference', 'profiles.md');
  const text = await renderProfiles();
  if ((await readFile(file, 'utf8').catch(() => '')) === text) return 0;
  if (values.check) process.stderr.write('docs/reference/profiles.md is not up to date: npm run gen\n');
  else await writeFile(file, text);
  return values.check ? 1 : 0;
};

if (import.meta.main) process.exitCode = await main();
