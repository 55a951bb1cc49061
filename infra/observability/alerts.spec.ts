import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { directoryMetrics } from '@lapidary/control-plane/directory/metrics';
import { driftMetrics } from '@lapidary/control-plane/drift/metrics';
import { intentMetrics } from '@lapidary/control-plane/intents/metrics';
import { controlPlaneMetrics } from '@lapidary/control-plane/process/metrics';
import { outboxMetrics } from '@lapidary/control-plane/outbox/metrics';
import { replicationMetrics } from '@lapidary/control-plane/replication/metrics';
import { signatureMetrics } from '@lapidary/control-plane/signatures/metrics';
import { routerMetricDeclarations } from '@lapidary/router/metrics';

const root = path.resolve(import.meta.dirname, '../..');
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string; readonly runbook: string };
  readonly annotations: { readonly summary: string };
}
const { groups } = parse(readFileSync(path.join(import.meta.dirname, 'alerts.yaml'), 'utf8')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((g) => g.rules);
const declared: Readonly<Record<string, { readonly labels: readonly string[] }>> = {
  ...controlPlaneMetrics,
  ...directoryMetrics,
  ...driftMetrics,
  ...intentMetrics,
  ...outboxMetrics,
  ...replicationMetrics,
  ...signatureMetrics,
  ...routerMetricDeclarations,
};

test('there are rules, each with a name of its own', () => {
  expect(rules.length).toBeGreaterThan(0);
  expect(new Set(rules.map((r) => r.alert)).size).toBe(rules.length);
});

test.each(rules.map((rule) => [rule.alert, rule] as const))(
  '%s goes by metrics and labels that there are, and says what to do',
  (_, { expr, labels, annotations }) => {
    const metrics = expr.match(/lapidary_\w+/g) ?? [];
    expect(metrics.length).toBeGreaterThan(0);
    expect(metrics.filter((m) => !Object.hasOwn(declared, m))).toEqual([]);
    // Prometheus itself labels what it reads with the process that it read it from.
    const known = new Set(['instance', ...metrics.flatMap((m) => declared[m]!.labels)]);
    expect([...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map((m) => m[1]!).filter((l) => !known.has(l))).toEqual([]);
    expect(annotations.summary.length).toBeGreaterThan(20);
    expect(['page', 'ticket']).toContain(labels.severity);
    expect(existsSync(path.join(root, `docs/runbooks/${labels.runbook}.md`))).toBe(true);
  },
);

test('they cover what gets old or dies in a router without a request failing', () => {
  const asked = rules.map(({ expr }) => expr).join('\n');
  for (const name of ['certificate_end_seconds', 'token_keys_confirmed_seconds', 'directory_age_seconds', 'directory_event_lag_seconds'])
    expect(asked).toContain(`lapidary_router_${name}`);
  for (const name of ['worker_deaths_total', 'worker_hangs_total', 'runs_total']) expect(asked).toContain(`lapidary_router_${name}`);
});
