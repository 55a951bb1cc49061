import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import { readOnAfterFailedWrites } from './read-on.js';
import { answerHeadBytesMax, freeSocketMs, freeSocketsMax } from './upstream-bounds.js';

/** One upstream may hold this many connections of ours (P-LB3: pools have limits); the next request waits its connect time-out. */
const socketsMax = 1024;
/** Host of a URL as sockets take it: an IPv6 address without its brackets. */
export const socketHost = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

/**
 * One base URL with a connection pool of its own: a slow upstream can use up its own pool only (P-BH1). Node's agent
 * closes an idle connection on which stray bytes arrive, so that they can't become the next request's answer.
 */
export class Upstream {
  readonly url: URL;
  private readonly agent: HttpAgent | TlsAgent;

  constructor(readonly baseUrl: string) {
    this.url = new URL(baseUrl);
    // A shorter "Keep-Alive: timeout" from the other side is obeyed by Node's agent.
    const options = { keepAlive: true, maxSockets: socketsMax, maxFreeSockets: freeSocketsMax, timeout: freeSocketMs };
    this.agent = this.url.protocol === 'https:' ? new TlsAgent(options) : new HttpAgent(options);
  }

  /** Starts a request; `headers` is complete but for Connection. Nothing is written before the first write, flush or end. */
  request(options: { readonly method: string; readonly path: string; readonly headers: readonly string[] }): ClientRequest {
    return this.open({ ...this.target(options), agent: this.agent });
  }

  /** As request, on a new connection of its own that may be closed one way at a time: what becomes a tunnel can't be pooled. */
  requestAlone(options: { readonly method: string; readonly path: string; readonly headers: readonly string[] }): ClientRequest {
    const alone = { keepAlive: false, allowHalfOpen: true };
    return this.open({ ...this.target(options), agent: this.url.protocol === 'https:' ? new TlsAgent(alone) : new HttpAgent(alone) });
  }

  /** Idle connections are closed; those in use end with their request. */
  close(): void {
    for (const sockets of Object.values(this.agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  private open(options: RequestOptions): ClientRequest {
    const outgoing = this.url.protocol === 'https:' ? httpsRequest(options) : httpRequest(options);
    // Told before the first byte is written.
    return outgoing.once('socket', readOnAfterFailedWrites);
  }

  private target(options: { readonly method: string; readonly path: string; readonly headers: readonly string[] }): RequestOptions {
    return {
      host: socketHost(this.url),
      port: this.url.port === '' ? undefined : Number(this.url.port),
      method: options.method,
      path: this.url.pathname.replace(/\/$/, '') + options.path,
      headers: options.headers,
      maxHeaderSize: answerHeadBytesMax,
      insecureHTTPParser: false,
    };
  }
}

/** One pool per base URL, made when first used. */
export class UpstreamPools {
  private readonly pools = new Map<string, Upstream>();

  get(baseUrl: string): Upstream {
    const known = this.pools.get(baseUrl);
    if (known) return known;
    const made = new Upstream(baseUrl);
    this.pools.set(baseUrl, made);
    return made;
  }

  /** Closes the pools of base URLs that are no longer in use. */
  keepOnly(baseUrls: ReadonlySet<string>): void {
    for (const [baseUrl, pool] of this.pools) {
      if (baseUrls.has(baseUrl)) continue;
      this.pools.delete(baseUrl);
      pool.close();
    }
  }

  close(): void {
    this.keepOnly(new Set());
  }
}
