import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { ensurePeer, type Peer } from '../../tools/peers/ensure-peer.js';
import { alertCases, type AlertCase } from './alert-cases.fixture.js';

/** Every rule is evaluated by Prometheus' own promtool, by a history that makes it speak and by one that must not. */
const run = promisify(execFile);
const rulesFile = path.join(import.meta.dirname, 'alerts.yaml');
const instance = 'r1';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}
/** A rule that sums by other labels sums it away. */
const keepsInstance = ({ expr }: Rule): boolean => {
  const by = /by \(([^)]*)\)/.exec(expr)?.[1];
  return by === undefined || by.split(/\s*,\s*/).includes('instance');
};

let promtool: Peer<'promtool'>;
let folder: string;
let rules: readonly Rule[];
beforeAll(async () => {
  promtool = await ensurePeer('promtool', path.resolve(import.meta.dirname, '../..'));
  folder = await mkdtemp(path.join(tmpdir(), 'lapidary-alerts-'));
  await copyFile(rulesFile, path.join(folder, 'alerts.yaml'));
  const { groups } = parse(await readFile(rulesFile, 'utf8')) as { groups: { rules: Rule[] }[] };
  rules = groups.flatMap((group) => group.rules);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const withInstance = (series: string): string =>
  series.endsWith('}') ? `${series.slice(0, -1)},instance="${instance}"}` : `${series}{instance="${instance}"}`;

const testOf = (rule: Rule, { name, series, atMinutes, fires }: AlertCase): object => ({
  name: `${rule.alert}: ${name}`,
  interval: '1m',
  input_series: Object.entries(series).map(([of, values]) => ({ series: withInstance(of), values })),
  alert_rule_test: [
    {
      eval_time: `${atMinutes}m`,
      alertname: rule.alert,
      exp_alerts: fires
        ? [
            {
              exp_labels: { ...rule.labels, ...(keepsInstance(rule) ? { instance } : {}), ...fires.labels },
              exp_annotations: { summary: fires.summary },
            },
          ]
        : [],
    },
  ],
});

/** What promtool says; "" where all is as expected. */
const judged = async (tests: readonly object[]): Promise<string> => {
  const file = path.join(folder, 'tests.yaml');
  await writeFile(file, stringify({ rule_files: ['alerts.yaml'], evaluation_interval: '1m', tests }));
  return run(promtool.file, ['test', 'rules', file], { env: { ...process.env, ...promtool.env } }).then(
    () => '',
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`,
  );
};

it('are rules that Prometheus takes', async () => {
  const { stdout } = await run(promtool.file, ['check', 'rules', path.join(folder, 'alerts.yaml')], {
    env: { ...process.env, ...promtool.env },
  });
  expect(stdout).toContain(`SUCCESS: ${rules.length} rules found`);
});

it('each have a case in which they speak and one in which they do not', () => {
  expect(Object.keys(alertCases).sort()).toEqual(rules.map(({ alert }) => alert).sort());
  for (const [alert, cases] of Object.entries(alertCases))
    expect([alert, cases.some(({ fires }) => fires !== null), cases.some(({ fires }) => fires === null)]).toEqual([alert, true, true]);
});

it('speak when they should, with what they should say, and are silent else', async () => {
  expect(await judged(rules.flatMap((rule) => alertCases[rule.alert]!.map((one) => testOf(rule, one))))).toBe('');
});

it('would be found out: the same histories with the expectations exchanged fail', async () => {
  const rule = rules.find(({ alert }) => alert === 'RouterDirectoryNotLive')!;
  const [speaks, silent] = alertCases[rule.alert]!;
  expect(await judged([testOf(rule, { ...speaks!, fires: null })])).toContain('FAILED');
  expect(await judged([testOf(rule, { ...silent!, fires: speaks!.fires })])).toContain('FAILED');
});
