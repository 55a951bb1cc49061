import type { LinkRequest } from './frame-batch.js';
import { AnsweringEnd, type AskedRequest } from './answering-end.js';
import { AskingEnd, type AskingOptions } from './asking-end.js';
import type { LinkFault, ResetReason } from './frames.js';
import { linkVersion, type LinkSettings } from './hello.js';
import type { LinkEndEvents } from './link-events.js';
import type { LinkEnd } from './link-end.js';
import type { LinkStream, LostVerdict, StreamListener } from './link-stream.js';

export const smallWindows: LinkSettings = { maxStreams: 8, streamWindowBytes: 16 * 1024, linkWindowBytes: 24 * 1024 };
export const head = (text: string): string => `${text}\r\n\r\n`;

/** `text`: the whole head. */
export const asking = (text: string, tenant = 'acme', epoch = 1, isLast = true): LinkRequest => ({
  tenant,
  epoch,
  head: [text],
  end: '',
  isLast,
});

/** One stream as its owner hears it. */
export class Heard implements StreamListener {
  stream!: LinkStream;
  interims: string[] = [];
  heads: string[] = [];
  bytes: Buffer[] = [];
  isEnded = false;
  resets: ResetReason[] = [];
  losses: { fault: LinkFault; verdict: LostVerdict }[] = [];
  writables = 0;
  unread = 0;
  /** Passes on at once what comes. */
  isReading = true;

  interim(bytes: Buffer, start: number, end: number): void {
    this.interims.push(bytes.toString('latin1', start, end));
  }
  head(bytes: Buffer, start: number, end: number): void {
    this.heads.push(bytes.toString('latin1', start, end));
  }
  data(bytes: Buffer, start: number, end: number): void {
    this.bytes.push(Buffer.from(bytes.subarray(start, end)));
    this.unread += end - start;
    if (this.isReading) this.read();
  }
  ended(): void {
    this.isEnded = true;
  }
  reset(reason: ResetReason): void {
    this.resets.push(reason);
  }
  writable(): void {
    this.writables += 1;
  }
  lost(fault: LinkFault, verdict: LostVerdict): void {
    this.losses.push({ fault, verdict });
  }

  read(): void {
    const { unread } = this;
    this.unread = 0;
    this.stream.consumed(unread);
  }
  get body(): Buffer {
    return Buffer.concat(this.bytes);
  }
}

export interface Asked extends Heard {
  readonly tenant: string;
  readonly epoch: number;
  readonly text: string;
}

const eventsOf = (log: string[]): LinkEndEvents => ({
  onWork: () => undefined,
  onOpen: () => log.push('open'),
  onLeaving: () => log.push('leaving'),
  onDrained: () => log.push('drained'),
  onClosed: (fault) => log.push(`closed ${fault}`),
});

export interface PairOptions {
  readonly routerKey?: string | null;
  readonly agentKey?: string | null;
  readonly stamp?: string;
  readonly settings?: LinkSettings;
  readonly firstStream?: number;
  /** The newest version that the router has told of. */
  readonly asked?: number;
}

/** Both ends, with what is under way between them in two queues that the test empties as it likes. */
export class LinkPair {
  readonly routerLog: string[] = [];
  readonly agentLog: string[] = [];
  readonly asked: Asked[] = [];
  readonly router: AskingEnd;
  readonly agent: AnsweringEnd;
  toAgent = Buffer.alloc(0);
  toRouter = Buffer.alloc(0);

  constructor(options: PairOptions = {}) {
    const settings = options.settings ?? smallWindows;
    const asking: AskingOptions = {
      name: 'router-1',
      stamp: options.stamp ?? 'eu-1',
      key: options.routerKey ?? null,
      settings,
      firstStream: options.firstStream,
    };
    this.router = new AskingEnd(asking, eventsOf(this.routerLog));
    const { asked = linkVersion } = options;
    this.agent = new AnsweringEnd(
      { stamp: 'eu-1', key: options.agentKey ?? null, settings, asked },
      eventsOf(this.agentLog),
      (request, stream) => this.take(request, stream),
    );
  }

  /** As a socket does at the end of a turn. */
  flush(): void {
    this.toAgent = Buffer.concat([this.toAgent, ...this.router.take()]);
    this.toRouter = Buffer.concat([this.toRouter, ...this.agent.take()]);
  }

  /** Delivers up to so many bytes to one end. */
  deliver(to: 'agent' | 'router', bytesMax = Infinity): void {
    const queue = to === 'agent' ? this.toAgent : this.toRouter;
    const bytes = Math.min(bytesMax, queue.length);
    // A copy that is overwritten after the call, as a socket's read buffer is.
    const lent = Buffer.from(queue.subarray(0, bytes));
    if (to === 'agent') this.toAgent = queue.subarray(bytes);
    else this.toRouter = queue.subarray(bytes);
    const end: LinkEnd = to === 'agent' ? this.agent : this.router;
    if (bytes > 0 && !end.isClosed) end.receive(lent, 0, bytes);
    lent.fill(0xee);
  }

  /** Until nothing is under way. */
  settle(): void {
    for (let moved = true; moved;) {
      this.flush();
      moved = this.toAgent.length + this.toRouter.length > 0;
      this.deliver('agent');
      this.deliver('router');
    }
  }

  ask(text: string, isLast = true, tenant = 'acme', epoch = 7): Heard {
    const heard = new Heard();
    const stream = this.router.ask(asking(head(text), tenant, epoch, isLast), heard);
    if (stream === null) throw new Error('no room');
    heard.stream = stream;
    return heard;
  }

  private take(request: AskedRequest, stream: LinkStream): Asked {
    const text = request.bytes.toString('latin1', request.start, request.end);
    const asked = Object.assign(new Heard(), { tenant: request.tenant, epoch: request.epoch, text, stream });
    asked.isEnded = request.isLast;
    this.asked.push(asked);
    return asked;
  }
}

export const openPair = (options: PairOptions = {}): LinkPair => {
  const pair = new LinkPair(options);
  pair.settle();
  return pair;
};
