import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(resolve(root, path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string; readonly runbook: string };
  readonly annotations: { readonly summary: string };
}
const { groups } = parse(read('infra/observability/router-alerts.yaml')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const documented = new Set([...read('docs/reference/metrics.md').matchAll(/lapidary_router_\w+/g)].map(([name]) => name));

describe('alert rules of the router', () => {
  it.each(rules.map((rule) => [rule.alert, rule] as const))('%s asks for metrics that there are, and says what to do', (_, rule) => {
    const metrics = [...rule.expr.matchAll(/lapidary_router_\w+/g)].map(([name]) => name);
    expect(metrics.length).toBeGreaterThan(0);
    expect(metrics.filter((name) => !documented.has(name))).toEqual([]);
    expect(existsSync(resolve(root, `docs/runbooks/${rule.labels.runbook}.md`))).toBe(true);
    expect(['page', 'ticket']).toContain(rule.labels.severity);
    expect(rule.annotations.summary.length).toBeGreaterThan(20);
  });

  it('cover what gets old or dies without a request failing', () => {
    const asked = rules.map(({ expr }) => expr).join('\n');
    for (const name of ['certificate_end_seconds', 'token_keys_confirmed_seconds', 'directory_age_seconds', 'directory_event_lag_seconds'])
      expect(asked).toContain(`lapidary_router_${name}`);
    for (const name of ['worker_deaths_total', 'worker_hangs_total', 'runs_total']) expect(asked).toContain(`lapidary_router_${name}`);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });
});
