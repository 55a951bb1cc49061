import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { AnsweringEnd } from './answering-end.js';
import { defaultSettings } from './hello.js';
import { LinkConnection, type LinkListener } from './link-connection.js';
import { LinkSocket } from './link-socket.js';
import type { LinkStream } from './link-stream.js';
import type { LinkFault, ResetReason } from './frames.js';
import type { LostVerdict, StreamListener } from './link-stream.js';
import { askedVersion, linkUpgradeAnswer, wantsLink } from './upgrade-link.js';

export interface EchoServer {
  readonly port: number;
  readonly ends: AnsweringEnd[];
  readonly sockets: Socket[];
  /** Heads of requests, as they came. */
  readonly seen: string[];
  /** Requests that came in plain HTTP/1.1. */
  readonly plain: string[];
  close(): Promise<void>;
}

/** Says a request's head and body back; "?hold" in its path: takes it and says nothing; "?hints": with early hints before. */
class Echo implements StreamListener {
  private isFull = false;
  private readonly rest: Buffer[] = [];
  private hasEnded = false;

  constructor(
    private readonly stream: LinkStream,
    private readonly holds: boolean,
  ) {}

  interim(): void {
    // Only agents send any.
  }
  head(): void {
    // Came with the stream.
  }
  data(bytes: Buffer, start: number, end: number): void {
    const chunk = Buffer.from(bytes.subarray(start, end));
    if (this.holds || this.isFull) this.rest.push(chunk);
    else this.write(chunk);
  }
  ended(): void {
    this.hasEnded = true;
    if (!this.holds && !this.isFull) this.stream.end();
  }
  writable(): void {
    this.isFull = false;
    while (!this.isFull && this.rest.length > 0) this.write(this.rest.shift()!);
    if (!this.isFull && this.hasEnded) this.stream.end();
  }
  reset(): void {
    this.rest.length = 0;
  }
  lost(): void {
    this.rest.length = 0;
  }
  private write(chunk: Buffer): void {
    this.stream.consumed(chunk.length);
    this.isFull = !this.stream.write(chunk);
  }
}

export const startEcho = async (key: string | null = null, quietMs?: number): Promise<EchoServer> => {
  const ends: AnsweringEnd[] = [];
  const sockets: Socket[] = [];
  const seen: string[] = [];
  const plain: string[] = [];
  const server: Server = createServer({ shouldUpgradeCallback: wantsLink }, (request, response) => {
    plain.push(`${request.method} ${request.url}`);
    response.writeHead(200, { 'x-echo': request.url ?? '', 'x-by': 'http' });
    request.pipe(response);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, first: Buffer) => {
    socket.write(linkUpgradeAnswer);
    const nothing = (): void => undefined;
    const io = new LinkSocket(socket, { onOpen: nothing, onLeaving: nothing, onClosed: nothing, closesWhenDrained: false, quietMs });
    const end = new AnsweringEnd({ stamp: 'eu-1', key, settings: defaultSettings, asked: askedVersion(request) }, io, (asked, stream) => {
      const text = asked.bytes.toString('latin1', asked.start, asked.end);
      seen.push(text);
      const holds = text.includes('?hold');
      if (text.includes('?hints')) stream.sendInterim('HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n');
      if (!holds) stream.sendHead(`HTTP/1.1 200 OK\r\nx-echo: ${text.split(' ')[1]}\r\nx-by: link\r\n\r\n`, asked.isLast);
      return new Echo(stream, holds);
    });
    io.start(end, first);
    socket.on('data', (chunk: Buffer) => io.receive(chunk, chunk.length));
    ends.push(end);
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      for (const end of ends) end.close('closed', 'the test is over');
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port: (server.address() as AddressInfo).port, ends, sockets, seen, plain, close };
};

export interface OpenLink {
  readonly link: LinkConnection;
  readonly log: string[];
}

/** A link, as soon as it is open or over. */
export const openLink = (port: number, key: string | null = null, stamp = 'eu-1', quietMs?: number): Promise<OpenLink> =>
  new Promise((resolve) => {
    const log: string[] = [];
    const done = (what: string): void => {
      log.push(what);
      setImmediate(() => resolve({ link, log }));
    };
    const link: LinkConnection = new LinkConnection({
      host: '127.0.0.1',
      port,
      stamp,
      routerId: 'router-1',
      key,
      openMs: 5_000,
      quietMs,
      onOpen: () => done('open'),
      onLeaving: () => log.push('leaving'),
      onClosed: (fault) => done(`closed ${fault}`),
    });
  });

export interface Answer {
  readonly how: string;
  readonly head: string;
  readonly body: Buffer;
}

/** One request's owner: collects the answer. */
export class Collector implements LinkListener {
  stream: LinkStream | null = null;
  isReading = true;
  private unread = 0;
  private text = '';
  readonly interims: string[] = [];
  private readonly chunks: Buffer[] = [];
  private over!: (answer: Answer) => void;
  private wanted: (() => void) | null = null;
  readonly answer = new Promise<Answer>((resolve) => (this.over = resolve));

  interim(bytes: Buffer, start: number, end: number): void {
    this.interims.push(bytes.toString('latin1', start, end));
  }
  head(bytes: Buffer, start: number, end: number): void {
    this.text = bytes.toString('latin1', start, end);
  }
  data(bytes: Buffer, start: number, end: number): void {
    this.chunks.push(Buffer.from(bytes.subarray(start, end)));
    this.unread += end - start;
    if (this.isReading) this.read();
  }
  ended(): void {
    this.end('ended');
  }
  reset(reason: ResetReason): void {
    this.end(`reset ${reason}`);
  }
  lost(fault: LinkFault, verdict: LostVerdict): void {
    this.end(`lost ${fault} ${verdict}`);
  }
  writable(): void {
    this.wanted?.();
  }
  readDone(): void {
    // Nothing is gathered here.
  }
  read(): void {
    const { unread } = this;
    this.unread = 0;
    this.stream!.consumed(unread);
  }
  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }
  /** Writes with back-pressure. */
  async send(body: Buffer): Promise<void> {
    for (let at = 0; at < body.length; at += 10_000) {
      const went = this.stream!.write(body.subarray(at, at + 10_000));
      if (!went) await Promise.race([new Promise<void>((resolve) => (this.wanted = resolve)), this.answer]);
    }
    this.stream!.end();
  }
  private end(how: string): void {
    this.wanted?.();
    this.over({ how, head: this.text, body: Buffer.concat(this.chunks) });
  }
}

export const askOn = (link: LinkConnection, head: string, isLast: boolean, tenant = 'acme', epoch = 1): Collector => {
  const collector = new Collector();
  collector.stream = link.ask({ tenant, epoch, head: [head], end: '', isLast }, collector);
  return collector;
};
