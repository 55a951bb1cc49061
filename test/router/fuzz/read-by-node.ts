import { createServer, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';

export interface NodeRequest {
  /** "GET /a HTTP/1.1". */
  readonly line: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** What Node's strict parser takes the bytes for: the oracle. */
export interface NodeReading {
  /** Whole requests only. */
  readonly requests: readonly NodeRequest[];
  /** Its code (HPE_…), where it refused something. */
  readonly error: string | null;
}

/** A connection without a network: hands over bytes, keeps nothing of what is written. */
class Wire extends Duplex {
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
  // Node's server calls these on its sockets.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
}

/** As the general path reads (apps/router/src/server.ts). */
const options = { insecureHTTPParser: false, requireHostHeader: false, maxHeaderSize: 16 * 1024, shouldUpgradeCallback: () => false };

/** One server for all readings: what belongs to which is told by the connection. */
export class NodeOracle {
  private readonly server = createServer(options);
  private readonly seen = new Map<object, { requests: NodeRequest[]; error: string | null; busy: number }>();

  constructor() {
    const take = (request: IncomingMessage): void => {
      const of = this.seen.get(request.socket);
      if (!of) return;
      const parts: Buffer[] = [];
      request.on('error', () => undefined);
      request.on('data', (part: Buffer) => void parts.push(part));
      request.on('end', () => {
        if (!request.complete) return;
        const line = `${request.method} ${request.url} HTTP/${request.httpVersion}`;
        of.requests.push({ line, rawHeaders: request.rawHeaders, body: Buffer.concat(parts).toString('latin1') });
      });
    };
    for (const event of ['request', 'checkContinue', 'checkExpectation']) this.server.on(event, take);
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket: object) => {
      const of = this.seen.get(socket);
      if (of) of.error ??= error.code ?? error.message;
    });
  }

  async read(bytes: string): Promise<NodeReading> {
    const wire = new Wire();
    const of = { requests: [] as NodeRequest[], error: null as string | null, busy: 0 };
    this.seen.set(wire, of);
    this.server.emit('connection', wire);
    wire.push(Buffer.from(bytes, 'latin1'));
    // Parsing happens with the first read, the ends of bodies are told a turn later.
    await nextTurn();
    await nextTurn();
    wire.destroy();
    this.seen.delete(wire);
    return { requests: of.requests, error: of.error };
  }
}
