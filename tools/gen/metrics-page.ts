import { capacityMetrics } from '@lapidary/control-plane/capacity/metrics';
import { digestMetrics } from '@lapidary/control-plane/digests/metrics';
import { directoryMetrics } from '@lapidary/control-plane/directory/metrics';
import { driftMetrics } from '@lapidary/control-plane/drift/metrics';
import { healthMetrics } from '@lapidary/control-plane/health/metrics';
import { intentMetrics } from '@lapidary/control-plane/intents/metrics';
import { jobMetrics } from '@lapidary/control-plane/jobs/job-metrics';
import { outboxMetrics } from '@lapidary/control-plane/outbox/metrics';
import { controlPlaneMetrics } from '@lapidary/control-plane/process/metrics';
import { collectionMetrics, watchMetrics } from '@lapidary/control-plane/collections/metrics';
import { replicationMetrics } from '@lapidary/control-plane/replication/metrics';
import { rolloutMetrics } from '@lapidary/control-plane/rollouts/metrics';
import { signatureMetrics } from '@lapidary/control-plane/signatures/metrics';
import { routerMetricDeclarations } from '@lapidary/router/metrics';
import { stampAgentMetrics } from '@lapidary/stamp-agent/metrics';
import type { MetricDeclaration } from '@lapidary/telemetry/metrics';

const processes: Record<string, Record<string, MetricDeclaration>> = {
  'control plane': {
    ...controlPlaneMetrics,
    ...jobMetrics,
    ...outboxMetrics,
    ...directoryMetrics,
    ...replicationMetrics,
    ...signatureMetrics,
    ...intentMetrics,
    ...collectionMetrics,
    ...watchMetrics,
    ...digestMetrics,
    ...healthMetrics,
    ...driftMetrics,
    ...rolloutMetrics,
    ...capacityMetrics,
  },
  router: routerMetricDeclarations,
  'stamp agent': stampAgentMetrics,
};

/** docs/reference/metrics.md from the declarations that the metrics are made of. */
export const metricsPage = (): string => {
  const parts = Object.entries(processes).map(([process, declarations]) =>
    [
      `## ${process}`,
      '',
      '| Metric | Type | Labels | Tells |',
      '| --- | --- | --- | --- |',
      ...Object.entries(declarations).map(
        ([name, m]) => `| \`${name}\` | ${m.type} | ${m.labels.map((l) => `\`${l}\``).join(', ')} | ${m.help} |`,
      ),
    ].join('\n'),
  );
  return [
    '# Metrics',
    '',
    'Prometheus text on `/metrics` of each process, beside the usual figures of Node and the process.',
    '',
    parts.join('\n\n'),
    '',
  ].join('\n');
};
