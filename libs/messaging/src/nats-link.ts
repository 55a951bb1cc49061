import { setTimeout as sleep } from 'node:timers/promises';
import { connect, wsconnect, type Msg, type MsgHdrs, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { z } from 'zod';
import { AppError } from '@lapidary/kernel/app-error';
import { backOffMs } from '@lapidary/kernel/back-off';
import { answering, type Handler, type Sealed } from './answering.js';
import { askOne } from './asking.js';
import { LinkTrouble, type LinkProblem } from './link-failure.js';
import { connectionOptions, reconnectWaitMs, type WhereTo } from './connection-options.js';
import { atMost, hearing } from './hearing.js';
import { acceptCompressed, decodeJson, encodeAnswer, encodeJson, requestFailure, throwIfError } from './json-messages.js';
import { RefusedMessages, type OnRefused } from './refused-messages.js';

/** The little of a logger that is needed here (pino fits). */
export interface LinkLogger {
  info(bindings: object, message: string): void;
  warn(bindings: object, message: string): void;
}

export interface NatsLinkOptions extends WhereTo {
  readonly logger: LinkLogger;
  /** By subject, of what regions ask of each other: requests and answers are signed, and believed, as the keys of both have it. */
  readonly sealOf?: (subject: string) => Sealed | undefined;
  /** Told of each message that is not taken. */
  readonly onRefused?: OnRefused;
}

export interface RequestOptions {
  /** The answer is a line or two, which nobody compresses: to say that it may be is longer than what is asked. */
  readonly short?: boolean;
}

export interface ServeOptions {
  /** Of several subscribers with the same queue name, one gets each message. */
  readonly queue?: string;
  /** Handlers at once; a request beyond it is answered `overloaded`, a plain message is dropped (both are repeated by their senders). */
  readonly inFlightMax?: number;
  /** Answers are of many things of one form. */
  readonly alike?: boolean;
}

const firstConnectMaxMs = 2_000;
const drainMs = 2_000;
const inFlightDefault = 256;

/**
 * One connection to one NATS server that is kept up for as long as the process lives. It starts without a server
 * (P-GE6: a region's processes start alone), and subscriptions made through it outlive every connection.
 */
export class NatsLink {
  private current: NatsConnection | undefined;
  private up = false;
  private readonly closing = new AbortController();
  private readonly running: Promise<void>;
  private readonly connectedCallbacks = new Set<() => void>();
  private readonly disconnectedCallbacks = new Set<() => void>();
  private readonly subscriptions = new Set<(nc: NatsConnection) => void>();

  private readonly trouble: LinkTrouble;

  constructor(private readonly options: NatsLinkOptions) {
    this.trouble = new LinkTrouble(options, (text) => options.logger.warn({ link: options.name }, text));
    this.running = this.keepConnected();
  }

  get isConnected(): boolean {
    return this.up;
  }

  /** What keeps it from its server; null while it is connected, or nothing is known yet. */
  get problem(): LinkProblem | null {
    return this.up ? null : this.trouble.now;
  }

  /** The live connection; throws `not_ready` while there is none, so that nothing piles up unsent in the client's buffer. */
  get connection(): NatsConnection {
    if (!this.up || !this.current) throw new AppError('not_ready', 'No connection to the event stream', { internal: this.options.name });
    return this.current;
  }

  /** Calls back at each (re)connect, and soon where the link is up already. Returns how to stop that. */
  onConnected(callback: () => void): () => void {
    this.connectedCallbacks.add(callback);
    if (this.up) queueMicrotask(() => this.connectedCallbacks.has(callback) && this.up && callback());
    return () => this.connectedCallbacks.delete(callback);
  }

  onDisconnected(callback: () => void): () => void {
    this.disconnectedCallbacks.add(callback);
    return () => this.disconnectedCallbacks.delete(callback);
  }

  /** Drops a connection that is believed to be dead (missed heartbeats) instead of waiting for TCP to notice. */
  async forceReconnect(): Promise<void> {
    if (this.up) await this.current?.reconnect().catch(() => undefined);
  }

  /** Whether the server answers at this moment. A connection that stands says nothing of that: pings find out after seconds. */
  async answersWithin(ms: number): Promise<boolean> {
    if (!this.up || !this.current) return false;
    const answered = this.current.flush().then(
      () => true,
      () => false,
    );
    return await Promise.race([answered, sleep(ms, false, { ref: false })]);
  }

  publishJson(subject: string, body: unknown): void {
    this.connection.publish(subject, encodeJson(body));
  }

  /** A list of values, each of which is JSON already; a value where it is one. */
  publishJsonTexts(subject: string, texts: readonly string[]): void {
    this.connection.publish(subject, texts.length === 1 ? texts[0] : `[${texts.join(',')}]`);
  }

  async requestJson<T extends z.ZodType>(
    subject: string,
    body: unknown,
    replySchema: T,
    timeoutMs: number,
    { short = false }: RequestOptions = {},
  ): Promise<z.infer<T>> {
    return await this.ask(subject, body, timeoutMs, short ? undefined : acceptCompressed(), (reply) => decodeJson(reply, replySchema));
  }

  /** As requestJson, for an answer in bytes. */
  async requestBytes(subject: string, body: unknown, timeoutMs: number): Promise<Uint8Array> {
    return await this.ask(subject, body, timeoutMs, undefined, ({ data }) => data);
  }

  private async ask<T>(
    subject: string,
    body: unknown,
    timeoutMs: number,
    headers: MsgHdrs | undefined,
    read: (reply: Msg) => T,
  ): Promise<T> {
    const nc = this.connection;
    try {
      const reply = await askOne(nc, subject, encodeJson(body), timeoutMs, headers, this.options.sealOf?.(subject)?.seal);
      throwIfError(reply);
      return read(reply);
    } catch (error) {
      throw requestFailure(subject, error);
    }
  }

  /** Answers requests until the returned function is called. A handler that throws answers with its error (encodeError). */
  serveJson<T extends z.ZodType>(
    subject: string,
    requestSchema: T,
    handler: (request: z.infer<T>) => unknown,
    options: ServeOptions = {},
  ): () => void {
    return this.serve(subject, requestSchema, async (request, msg) => encodeAnswer(msg, await handler(request), options.alike), options);
  }

  /** As serveJson, with answers in bytes. */
  serveBytes<T extends z.ZodType>(
    subject: string,
    requestSchema: T,
    handler: (request: z.infer<T>) => Promise<Uint8Array>,
    options: ServeOptions = {},
  ): () => void {
    return this.serve(subject, requestSchema, async (request) => ({ body: await handler(request) }), options);
  }

  private serve<T extends z.ZodType>(subject: string, schema: T, handler: Handler<T>, options: ServeOptions): () => void {
    const refused = this.refusedOf(subject);
    const { answer, refuse } = answering(schema, handler, refused, this.options.sealOf?.(subject));
    return this.subscribe(subject, options, refused, answer, refuse);
  }

  /** Hands plain messages to `handler` until the returned function is called. Rubbish and failures are counted and dropped. */
  subscribeJson<T extends z.ZodType>(
    subject: string,
    schema: T,
    handler: (message: z.infer<T>, subject: string) => unknown,
    options: ServeOptions = {},
  ): () => void {
    const refused = this.refusedOf(subject);
    return this.subscribe(subject, options, refused, hearing(schema, handler, refused));
  }

  private refusedOf(subject: string): RefusedMessages {
    const { logger, onRefused } = this.options;
    return new RefusedMessages(subject, (bindings, text) => logger.warn(bindings, text), onRefused);
  }

  /** Sends what is on its way, then closes. */
  async close(): Promise<void> {
    this.closing.abort();
    const nc = this.current;
    if (nc && !nc.isClosed()) {
      if (this.up) await Promise.race([nc.drain().catch(() => undefined), sleep(drainMs, undefined, { ref: false })]);
      await nc.close().catch(() => undefined);
    }
    await this.running;
  }

  private subscribe(
    subject: string,
    options: ServeOptions,
    refused: RefusedMessages,
    handle: (msg: Msg) => Promise<void>,
    refuse: (msg: Msg) => void = () => undefined,
  ): () => void {
    const take = atMost(options.inFlightMax ?? inFlightDefault, handle, refuse, refused);
    const callback = (error: Error | null, msg: Msg): void => (error ? this.trouble.tell(error) : take(msg));
    let live: Subscription | undefined;
    const attach = (nc: NatsConnection): void => {
      live = nc.subscribe(subject, { queue: options.queue, callback });
    };
    this.subscriptions.add(attach);
    if (this.current && !this.current.isClosed()) attach(this.current);
    return () => {
      this.subscriptions.delete(attach);
      if (live && !live.isClosed()) live.unsubscribe();
    };
  }

  private async keepConnected(): Promise<void> {
    const { signal } = this.closing;
    let attempt = 0;
    while (!signal.aborted) {
      try {
        // Over a WebSocket, TLS can be ended by a load balancer; NATS's own protocol starts it only after a greeting in plain.
        const open = /^wss?:/.test(this.options.url) ? wsconnect : connect;
        const nc = await open(connectionOptions(this.options));
        if (signal.aborted) return await nc.close();
        attempt = 0;
        await this.live(nc);
      } catch (error) {
        this.trouble.tell(error);
      }
      await sleep(backOffMs(attempt++, reconnectWaitMs, firstConnectMaxMs), undefined, { signal }).catch(() => undefined);
    }
  }

  /** One client connection's life, with all the reconnects that the client makes by itself. */
  private async live(nc: NatsConnection): Promise<void> {
    this.current = nc;
    for (const attach of this.subscriptions) attach(nc);
    this.setUp(true);
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') this.setUp(false);
      else if (status.type === 'reconnect') this.setUp(true);
      else if (status.type === 'error') this.trouble.tell(status.error);
    }
    this.setUp(false);
    this.current = undefined;
  }

  private setUp(up: boolean): void {
    if (this.up === up) return;
    this.up = up;
    if (up) this.trouble.over();
    this.options.logger.info({ link: this.options.name, up }, up ? 'connected to NATS' : 'disconnected from NATS');
    for (const callback of up ? this.connectedCallbacks : this.disconnectedCallbacks) callback();
  }
}
