import { SpanKind, SpanStatusCode, TraceFlags, type Attributes, type HrTime } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';

/** Spans that wait to be sent; more than a second's worth of them is lost rather than kept. */
const waitingMax = 2_048;
const batchMax = 512;
const everyMs = 2_000;
/** A collector that takes longer is not there. */
const sendMs = 5_000;
/** What stands between a process and its end: less than the grace that any of ours has. */
const closeMs = 1_000;

/** A piece of work that is over. */
export interface EndedSpan {
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal';
  readonly traceId: string;
  readonly spanId: string;
  /** The span it belongs to; undefined: the trace begins with this one. */
  readonly parentSpanId: string | undefined;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly tookMs: number;
  /** Its work failed by the fault of whoever did it. */
  readonly failed: boolean;
  readonly attributes: Attributes;
}

export interface SpanExportOptions {
  /** Base of the collector, as OTEL_EXPORTER_OTLP_ENDPOINT has it: http://127.0.0.1:4318 */
  readonly endpoint: string;
  /** What all spans say of the process: service.name, service.instance.id, cloud.region … */
  readonly resource: Readonly<Record<string, string>>;
  /** So many spans reached the collector, or did not. */
  readonly onSent: (outcome: 'sent' | 'failed', spans: number) => void;
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };
const scope = { name: 'lapidary' };

/** Sends spans to a collector by OTLP over HTTP, in batches and behind the back of whoever ends them. Never throws, never waits. */
export class SpanExport {
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

  /** Sends what waits, for a second at most. */
  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, closeMs)));
    await Promise.race([this.processor.shutdown().catch(() => undefined), late]);
    clearTimeout(timer);
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
