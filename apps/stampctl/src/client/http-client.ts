import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, isAppError } from '@lapidary/kernel/app-error';
import { backOffMs } from '@lapidary/kernel/back-off';
import { newId } from '@lapidary/kernel/ids';
import type { z } from 'zod';
import { errorOfAnswer, slow, unreachable } from './answer-errors.js';
import type { Endpoint } from './endpoint.js';
import { attemptsDefault, mayRepeat } from './may-repeat.js';
import { queuedError, queuedIntentOf, queueHeaders, type QueueChoice } from './queued-intent.js';

/** A control plane that has not answered by then is stuck or gone; its own time-outs are shorter. */
const requestTimeoutMs = 30_000;
/** Who waits for longer than that wants to know what for. */
const silentMsMax = 2_000;
const backOffFirstMs = 200;
const backOffMaxMs = 2_000;
/** A region that is heard again works its queue off in seconds. */
const queuedPollMs = 1_000;

export interface RequestOptions<T> {
  readonly schema: z.ZodType<T>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** Makes a POST or DELETE safe to repeat: the same key for every try. */
  readonly idempotencyKey?: string;
  readonly ifMatch?: string;
  /** Further header fields, by lower-case name. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly attempts?: number;
}

export interface Answer<T> {
  readonly value: T;
  readonly etag: string | null;
  readonly requestId: string | null;
  /** Server's clock minus ours, at the answer; null where it sent no date. */
  readonly clockSkewMs: number | null;
}

/**
 * Calls one control plane. GETs, and writes under an Idempotency-Key, are repeated with back-off while the failure may
 * pass; everything else is tried once. Failures come out as AppError, answers are checked by their schema.
 */
export class HttpClient {
  constructor(
    private endpoint: Endpoint,
    /** Ctrl-C and --timeout: its reason is what the caller gets. */
    readonly signal: AbortSignal,
    private readonly userAgent: string,
    private readonly relocate: () => Promise<Endpoint | null> = () => Promise.resolve(null),
    private readonly queue: QueueChoice = {},
    /** Told once a call has taken a while and is made again. */
    private readonly onRepeat: (failure: AppError) => void = () => undefined,
  ) {}

  get server(): string {
    return this.endpoint.server;
  }

  /** A fleet that was started anew may listen elsewhere: asks for the address again. */
  async findAgain(): Promise<void> {
    this.endpoint = (await this.relocate().catch(() => null)) ?? this.endpoint;
  }

  async request<T>(method: string, path: string, options: RequestOptions<T>): Promise<Answer<T>> {
    const safe = method === 'GET' || options.idempotencyKey !== undefined;
    // Whoever waits for a region asks again under the key, which answers what became of the intent.
    if (!safe && this.queue.waitForRegion) return await this.request(method, path, { ...options, idempotencyKey: newId() });
    const attempts = safe ? (options.attempts ?? attemptsDefault) : 1;
    const requestId = newId();
    const begunMs = performance.now();
    let isTold = false;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.once(method, path, options, requestId);
      } catch (error) {
        this.signal.throwIfAborted();
        if (this.queue.waitForRegion && isAppError(error) && error.code === 'intent_queued') {
          attempt = -1;
          await this.pause(queuedPollMs);
          continue;
        }
        const elapsedMs = performance.now() - begunMs;
        if (!isAppError(error) || !mayRepeat(error, { made: attempt + 1, most: attempts, elapsedMs })) throw error;
        if (elapsedMs >= silentMsMax && !isTold) {
          this.onRepeat(error);
          isTold = true;
        }
        const delayMs =
          error.retryAfterSeconds === undefined ? backOffMs(attempt, backOffFirstMs, backOffMaxMs) : error.retryAfterSeconds * 1000;
        await this.pause(Math.min(delayMs, backOffMaxMs));
      }
    }
  }

  /** Waits, unless Ctrl-C or --timeout comes first. */
  async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.signal }).catch(() => this.signal.throwIfAborted());
  }

  /** The raw answer, for streams. Refusals are thrown as AppError. */
  async open(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    body?: string,
  ): Promise<Response> {
    const url = new URL(path, this.endpoint.server);
    const all = {
      'user-agent': this.userAgent,
      ...(this.endpoint.token === null ? {} : { authorization: `Bearer ${this.endpoint.token}` }),
      ...headers,
    };
    let response: Response;
    try {
      response = await fetch(url, { method, headers: all, body, signal, redirect: 'manual' });
    } catch (error) {
      signal.throwIfAborted();
      throw unreachable(this.endpoint, error);
    }
    if (response.ok) return response;
    throw await errorOfAnswer(response, this.endpoint.server);
  }

  private async once<T>(method: string, path: string, options: RequestOptions<T>, requestId: string): Promise<Answer<T>> {
    const headers: Record<string, string> = { ...options.headers, accept: 'application/json', 'x-request-id': requestId };
    if (method !== 'GET') Object.assign(headers, queueHeaders(this.queue));
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    if (options.idempotencyKey !== undefined) headers['idempotency-key'] = options.idempotencyKey;
    if (options.ifMatch !== undefined) headers['if-match'] = options.ifMatch;
    const timer = new AbortController();
    const timeoutMs = options.timeoutMs ?? requestTimeoutMs;
    const alarm = setTimeout(() => timer.abort(slow(this.endpoint, timeoutMs)), timeoutMs);
    const signal = AbortSignal.any([this.signal, timer.signal]);
    try {
      const body = options.body === undefined ? undefined : JSON.stringify(options.body);
      const response = await this.open(method, withQuery(path, options.query), headers, signal, body);
      const text = await response.text().catch((error: unknown) => {
        signal.throwIfAborted();
        throw unreachable(this.endpoint, error);
      });
      const queued = queuedIntentOf(response, text);
      if (queued) {
        this.queue.onQueued?.(queued);
        throw queuedError(queued);
      }
      const value = parse(options.schema, text, response, this.endpoint.server);
      const date = Date.parse(response.headers.get('date') ?? '');
      const clockSkewMs = Number.isNaN(date) ? null : date - Date.now();
      return { value, etag: response.headers.get('etag'), requestId: response.headers.get('x-request-id'), clockSkewMs };
    } finally {
      clearTimeout(alarm);
    }
  }
}

const withQuery = (path: string, query: RequestOptions<unknown>['query'] = {}): string => {
  const present = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return present.length === 0 ? path : `${path}?${new URLSearchParams(present).toString()}`;
};

const parse = <T>(schema: z.ZodType<T>, text: string, response: Response, server: string): T => {
  const requestId = response.headers.get('x-request-id') ?? '';
  let json: unknown;
  try {
    json = text === '' ? null : JSON.parse(text);
  } catch (cause) {
    throw new AppError('bad_answer', `${server} answered ${response.status} with something that is not JSON`, {
      cause,
      details: { server, requestId },
    });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const fields = result.error.issues.slice(0, 5).map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message }));
  throw new AppError('bad_answer', `${server} answered in a shape this stampctl does not know`, { fields, details: { server, requestId } });
};
