import type { EndedSpan } from '@lapidary/telemetry/tracing/ended-span';
import { SpanExport } from '@lapidary/telemetry/tracing/span-export';
import {
  isSampled,
  isTraceparent,
  newSpanId,
  newTraceparent,
  spanIdOf,
  traceIdOf,
  withSpan,
} from '@lapidary/telemetry/tracing/traceparent';
import type { RouterConfig } from '@lapidary/config/router';
import type { RouterMetrics } from '../metrics.js';
import type { Described, Ended, Trace, Whose } from './ended-request.js';

/** Enough to see the usual, cheap enough for every workload. */
const usualShare = 0.01;

/** Where spans go: SpanExport, or a list in a test. */
export interface SpanSink {
  ended(span: EndedSpan): void;
  close(): Promise<void>;
}

export interface TracesOptions {
  /** Share of the traces begun here that ask to be recorded, 0 to 1. */
  readonly share?: number;
  readonly sink?: SpanSink | null;
  readonly random?: () => number;
}

/**
 * W3C trace context of requests, and spans of those that are sampled (P-LB4): one for the request, and inside of it one for the
 * wait to be admitted and one for the stamp. Without a collector nothing is recorded and the client's context is passed on as it is.
 */
export class Traces {
  private readonly share: number;
  private readonly sink: SpanSink | null;
  private readonly random: () => number;

  constructor({ share = usualShare, sink = null, random = Math.random }: TracesOptions = {}) {
    this.share = share;
    this.sink = sink;
    this.random = random;
  }

  /** Whether a trace that begins here now asks to be recorded. */
  samplesNext(): boolean {
    return this.random() < this.share;
  }

  /** `sent`: the client's traceparent. Without a valid one a trace begins here. */
  begin(sent: string | string[] | undefined): Trace {
    if (!isTraceparent(sent)) return { sent: '', toStamp: newTraceparent(this.samplesNext()) };
    return { sent, toStamp: this.sink !== null && isSampled(sent) ? withSpan(sent, newSpanId()) : sent };
  }

  ended(described: Described, whose: Whose, ended: Ended): void {
    if (this.sink === null || !isSampled(described.trace.toStamp)) return;
    for (const span of spansOf(described, whose, ended, Date.now())) this.sink.ended(span);
  }

  async close(): Promise<void> {
    await this.sink?.close();
  }
}

export const tracesFromConfig = (config: RouterConfig, metrics: RouterMetrics): Traces => {
  const { LAPIDARY_OTLP_ENDPOINT: endpoint, LAPIDARY_TRACE_SAMPLE: share } = config;
  if (endpoint === undefined) return new Traces({ share });
  const resource = {
    'service.name': 'lapidary-router',
    'service.instance.id': config.LAPIDARY_ROUTER_ID,
    'cloud.region': config.LAPIDARY_REGION,
  };
  const onSent = (outcome: 'sent' | 'failed', spans: number): void => metrics.lapidary_router_spans_total.inc({ outcome }, spans);
  return new Traces({ share, sink: new SpanExport({ endpoint, resource, onSent }) });
};

/** Methods that span names may hold (OpenTelemetry's HTTP conventions): the others are anybody's text. */
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']);

/** The request's own span first, then its parts. `endMs`: since 1970. */
export const spansOf = ({ trace, requestId, method, host, target }: Described, whose: Whose, ended: Ended, endMs: number): EndedSpan[] => {
  const { outcome, status, tookMs, waitedMs, stampMs } = ended;
  const traceId = traceIdOf(trace.toStamp);
  const spanId = newSpanId();
  const startMs = endMs - tookMs;
  const known = knownMethods.has(method);
  const failed = status >= 500 || outcome === 'cut';
  const request: EndedSpan = {
    name: known ? method : 'HTTP',
    kind: 'server',
    traceId,
    spanId,
    parentSpanId: trace.sent === '' ? undefined : spanIdOf(trace.sent),
    startMs,
    tookMs,
    failed,
    attributes: {
      'http.request.method': known ? method : '_OTHER',
      // Queries may hold what belongs into nobody's trace.
      'url.path': target.split('?', 1)[0] ?? '',
      'lapidary.request_id': requestId,
      'lapidary.outcome': outcome,
      ...(host === undefined ? {} : { 'server.address': host }),
      ...(status === 0 ? {} : { 'http.response.status_code': status }),
      ...(whose.tenant === null ? {} : { 'lapidary.tenant': whose.tenant }),
      ...(whose.stamp === null ? {} : { 'lapidary.stamp': whose.stamp }),
    },
  };
  const part = { traceId, parentSpanId: spanId, failed: false };
  const spans = [request];
  if (waitedMs > 0) {
    spans.push({ ...part, name: 'wait', kind: 'internal', spanId: newSpanId(), startMs, tookMs: waitedMs, attributes: {} });
  }
  if (stampMs > 0) {
    spans.push({
      ...part,
      name: `stamp ${whose.stamp ?? ''}`.trim(),
      kind: 'client',
      spanId: spanIdOf(trace.toStamp),
      startMs: startMs + waitedMs,
      tookMs: tookMs - waitedMs,
      failed,
      attributes: { 'lapidary.head_ms': stampMs },
    });
  }
  return spans;
};
