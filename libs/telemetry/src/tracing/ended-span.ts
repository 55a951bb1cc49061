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
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

export interface SpanExportOptions {
  /** Base of the collector, as OTEL_EXPORTER_OTLP_ENDPOINT has it: http://127.0.0.1:4318 */
  readonly endpoint: string;
  /** What all spans say of the process: service.name, service.instance.id, cloud.region … */
  readonly resource: Readonly<Record<string, string>>;
  /** So many spans reached the collector, or did not. */
  readonly onSent: (outcome: 'sent' | 'failed', spans: number) => void;
}
