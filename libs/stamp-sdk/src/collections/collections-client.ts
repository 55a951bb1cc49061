import {
  causalHeader,
  DocumentPageSchema,
  DocumentSchema,
  type DocumentOperation,
  type DocumentView,
} from '@lapidary/contracts/api/collections';
import { WrittenDocumentsSchema, type DocumentWrite } from '@lapidary/contracts/api/document-writes';
import { formatCausalToken, mergeCausalTokens, parseCausalToken, type CausalToken } from '@lapidary/contracts/causal-token';
import { requestIdHeader } from '@lapidary/contracts/workload';
import { AppError } from '@lapidary/kernel/app-error';
import { backOffMs } from '@lapidary/kernel/back-off';
import { newId } from '@lapidary/kernel/ids';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import type { CollectionsOptions } from './collections-options.js';
import { problemOfAnswer } from './problem-of-answer.js';
import { watchDocuments, type WatchChoice, type Watched } from './watch-documents.js';

/** A first try and three repeats: together some 3 s with the pauses, which is as long as a shop's customer waits. */
const attemptsDefault = 4;
const tryTimeoutMs = 5_000;
const pauseFirstMs = 100;
const pauseMaxMs = 1_000;
/** Whoever is to come again later than this is told so at once: their own customer waits. */
const patienceMs = 5_000;

export interface Write {
  readonly ifMatch?: string;
  readonly ifNew?: boolean;
  /** Of the caller's own, where the write must be done once however often the caller itself is asked; else a new one. */
  readonly idempotencyKey?: string;
}

/**
 * Documents of collections, for workloads. A client sees its own writes, and writes on what it has seen, in whatever region it
 * asks next: it keeps the causal token of every answer, and a region that has not got so far answers not_yet_here. Writes carry one idempotency key through all their tries. Errors are AppErrors with the
 * code of the control plane; `api_unreachable` where none answered.
 */
export class CollectionsClient {
  private seen: CausalToken = new Map();

  constructor(private readonly options: CollectionsOptions) {}

  /** What this client has seen, to be handed to a client of another process or region. */
  get causalToken(): string {
    return formatCausalToken(this.seen);
  }

  /** Goes on from what another client has seen. */
  observe(token: string): void {
    this.seen = mergeCausalTokens(this.seen, parseCausalToken(token) ?? new Map());
  }

  /** The document, or null where there is none. */
  async read(collection: string, id: string): Promise<DocumentView | null> {
    try {
      return await this.ask('GET', this.path(collection, id), DocumentSchema);
    } catch (error) {
      if (error instanceof AppError && error.code === 'not_found') return null;
      throw error;
    }
  }

  /** Every document of the tenant whose id begins with `prefix`, page by page. */
  async *list(collection: string, prefix = ''): AsyncGenerator<DocumentView> {
    let cursor: string | null = null;
    do {
      const query: string = new URLSearchParams({ prefix, ...(cursor === null ? {} : { cursor }), ...this.tenantQuery() }).toString();
      const page: z.infer<typeof DocumentPageSchema> = await this.ask(
        'GET',
        `/v1/collections/${encodeURIComponent(collection)}/documents/list?${query}`,
        DocumentPageSchema,
      );
      yield* page.items;
      cursor = page.next;
    } while (cursor !== null);
  }

  /** Writes the whole document, or appends an entry. */
  async put(collection: string, id: string, value: unknown, write: Write = {}): Promise<DocumentView> {
    return await this.ask('PUT', this.path(collection, id), DocumentSchema, { value }, write);
  }

  /** JSON Merge Patch: null removes. */
  async patch(collection: string, id: string, value: Readonly<Record<string, unknown>>, write: Write = {}): Promise<DocumentView> {
    return await this.ask('PATCH', this.path(collection, id), DocumentSchema, { value }, write);
  }

  /** Operates a counter (one operation), or edits a nested document. */
  async operate(collection: string, id: string, operations: readonly DocumentOperation[], write: Write = {}): Promise<DocumentView> {
    return await this.ask('POST', this.path(collection, id), DocumentSchema, { operations }, write);
  }

  /** Many writes in one transaction: all, in their order, or none. Returns how many changed something. For imports; 64 kB at most. */
  async writeMany(collection: string, writes: readonly DocumentWrite[], write: Pick<Write, 'idempotencyKey'> = {}): Promise<number> {
    const path = `/v1/collections/${encodeURIComponent(collection)}/documents/write?${new URLSearchParams(this.tenantQuery()).toString()}`;
    return (await this.ask('POST', path, WrittenDocumentsSchema, { writes }, write)).changed;
  }

  async remove(collection: string, id: string, write: Write = {}): Promise<void> {
    await this.ask('DELETE', this.path(collection, id), DocumentSchema, undefined, write);
  }

  /** Documents as they change (watch-documents.ts). */
  watch(collection: string, choice: WatchChoice = {}): AsyncGenerator<Watched> {
    return watchDocuments(this.options, collection, choice);
  }

  private get address(): string {
    return typeof this.options.url === 'string' ? this.options.url : this.options.url();
  }

  private tenantQuery(): Record<string, string> {
    return this.options.tenant === undefined ? {} : { tenant: this.options.tenant };
  }

  private path(collection: string, id: string): string {
    return `/v1/collections/${encodeURIComponent(collection)}/${encodeURIComponent(id)}?${new URLSearchParams(this.tenantQuery()).toString()}`;
  }

  private async ask<T>(method: string, path: string, schema: z.ZodType<T>, body?: unknown, write: Write = {}): Promise<T> {
    const key = method === 'GET' ? null : (write.idempotencyKey ?? newId());
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(method, path, schema, body, write, key);
      } catch (error) {
        const again = error instanceof AppError && error.entry.retry && attempt < (this.options.attempts ?? attemptsDefault);
        if (!again) throw error;
        const { retryAfterSeconds } = error;
        const pauseMs = retryAfterSeconds === undefined ? backOffMs(attempt - 1, pauseFirstMs, pauseMaxMs) : retryAfterSeconds * 1_000;
        if (pauseMs > patienceMs) throw error;
        await sleep(pauseMs);
      }
    }
  }

  private async once<T>(method: string, path: string, schema: z.ZodType<T>, body: unknown, write: Write, key: string | null): Promise<T> {
    const token = await this.options.token();
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: 'application/json' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (key !== null) headers['idempotency-key'] = key;
    if (this.seen.size > 0) headers[causalHeader] = this.causalToken;
    if (this.options.requestId !== undefined) headers[requestIdHeader] = this.options.requestId;
    if (write.ifMatch !== undefined) headers['if-match'] = write.ifMatch;
    if (write.ifNew === true) headers['if-none-match'] = '*';
    let response: Response;
    try {
      const init = {
        method,
        headers,
        signal: AbortSignal.timeout(tryTimeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      };
      response = await fetch(new URL(path, this.address), init);
    } catch (error) {
      throw new AppError('api_unreachable', `No answer from ${this.address}`, { cause: error });
    }
    const answer: unknown = await response.json().catch(() => null);
    // 429: so many wrong ones came from this address that this one was not looked at; it may be wrong as well.
    if (response.status === 401 || response.status === 429) this.options.onRefused?.(token);
    if (!response.ok) throw problemOfAnswer(response, answer);
    this.observe(response.headers.get(causalHeader) ?? '');
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new AppError('bad_answer', `${this.address} answered in a shape this SDK does not know`, { internal: parsed.error.message });
  }
}
