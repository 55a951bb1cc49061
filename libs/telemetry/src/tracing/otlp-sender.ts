import { SpanKind, SpanStatusCode, TraceFlags, type HrTime } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { EndedSpan, SpanExportOptions } from './ended-span.js';

/** Spans that wait to be sent; more than a second's worth of them is lost rather than kept. */
const waitingMax = 2_048;
const batchMax = 512;
const everyMs = 2_000;
/** A collector that takes longer is not there. */
const sendMs = 5_000;

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };
const scope = { name: 'lapidary' };

/** OpenTelemetry's exporter. Three hundred modules, a third of all that a router is made of: loaded only where there is a collector (SpanExport). */
export class OtlpSender {
  private readonly processor: BatchSpanProcessor;
  private readonly resource: Resource;

  constructor(options: SpanExportOptions) {
    this.resource = resourceFromAttributes({ ...options.resource });
    this.processor = new BatchSpanProcessor({
      exporter: counted(
        new OTLPTraceExporter({ url: `${options.endpoint.replace(/\/+$/, '')}/v1/traces`, timeoutMillis: sendMs }),
        options.onSent,
      ),
      maxQueueSize: waitingMax,
      maxExportBatchSize: batchMax,
      scheduledDelayMillis: everyMs,
      exportTimeoutMillis: sendMs,
    });
  }

  ended(span: EndedSpan): void {
    this.processor.onEnd(readable(span, this.resource));
  }

  /** Sends what waits. */
  shutdown(): Promise<void> {
    return this.processor.shutdown();
  }
}

const counted = (exporter: SpanExporter, onSent: SpanExportOptions['onSent']): SpanExporter => ({
  export: (spans, done) =>
    exporter.export(spans, (result) => {
      onSent(result.code === 0 ? 'sent' : 'failed', spans.length);
      done(result);
    }),
  shutdown: () => exporter.shutdown(),
});

const readable = (span: EndedSpan, resource: Resource): ReadableSpan => {
  const of = (spanId: string, isRemote = false) => ({ traceId: span.traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote });
  const context = of(span.spanId);
  return {
    name: span.name,
    kind: kinds[span.kind],
    spanContext: () => context,
    ...(span.parentSpanId === undefined ? {} : { parentSpanContext: of(span.parentSpanId, span.kind === 'server') }),
    startTime: timeOf(span.startMs),
    endTime: timeOf(span.startMs + span.tookMs),
    duration: timeOf(span.tookMs),
    status: { code: span.failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: span.attributes,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
};

/** Whole seconds, and nanoseconds of the last one. */
const timeOf = (ms: number): HrTime => {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
};
