import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { intentMetrics } from '@lapidary/control-plane/intents/metrics';
import { replicationMetrics } from '@lapidary/control-plane/replication/metrics';

const root = path.resolve(import.meta.dirname, '../..');
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly runbook: string };
}
const { groups } = parse(readFileSync(path.join(import.meta.dirname, 'alerts.yaml'), 'utf8')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((g) => g.rules);
const declared: Readonly<Record<string, { readonly labels: readonly string[] }>> = { ...intentMetrics, ...replicationMetrics };

test('there are rules, each with a name of its own', () => {
  expect(rules.length).toBeGreaterThan(0);
  expect(new Set(rules.map((r) => r.alert)).size).toBe(rules.length);
});

test.each(rules.map((rule) => [rule.alert, rule] as const))(
  '%s goes by metrics and labels that there are, and has a runbook',
  (_, rule) => {
    const metrics = rule.expr.match(/lapidary_\w+/g) ?? [];
    expect(metrics.filter((m) => !Object.hasOwn(declared, m))).toEqual([]);
    const labels = [...rule.annotations.summary.matchAll(/\$labels\.(\w+)/g)].map((m) => m[1]!);
    expect(labels.filter((l) => !metrics.some((m) => declared[m]!.labels.includes(l)))).toEqual([]);
    expect(existsSync(path.join(root, rule.annotations.runbook))).toBe(true);
  },
);
