import { finishedJobStatuses, type JobEventView, type JobView } from '@lapidary/contracts/api/jobs';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { once } from 'node:events';
import { readEvents } from './job-events.js';
import { readJob } from './job-store.js';
import { toEventView, viewOf } from './job-view.js';
import type { JobWatch } from './job-watch.js';

/** Proxies cut connections that are silent for a minute or less; a comment keeps them. Also the look without a wake. */
const keepAliveMs = 15_000;
/** EventSource comes back after this. */
const reconnectMs = 1_000;

export interface JobStreamOptions {
  readonly reader: Pick<Tx, 'query'>;
  readonly watch: JobWatch;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly jobId: string;
  readonly after: number;
  /** Who listens, asked anew before each look; throws where the right to is gone. */
  readonly caller: () => Promise<unknown>;
}

/** Where an EventSource that lost its connection wants to go on. */
export const lastEventIdOf = (request: FastifyRequest): number | undefined => {
  const header = request.headers['last-event-id'];
  if (header === undefined) return undefined;
  const sequence = Number(header);
  if (Number.isSafeInteger(sequence) && sequence >= 0) return sequence;
  throw new AppError('invalid_input', 'Last-Event-ID is the sequence of a job event', {
    fields: [{ path: 'Last-Event-ID', message: 'a number' }],
  });
};

/**
 * A job's lines as server-sent events: `line` (id: sequence, data: JobEvent) and, after each batch, `job` (data: Job). Ends after
 * the last line of a finished job. A client that comes back with nothing left to hear gets 204, upon which EventSource rests.
 */
export const streamJobEvents = async (options: JobStreamOptions): Promise<void> => {
  const { reader, watch, reply, jobId } = options;
  const first = await look(reader, jobId, options.after);
  if (!first || (first.lines.length === 0 && finishedJobStatuses.includes(first.job.status))) {
    await reply.status(204).send();
    return;
  }
  reply.hijack();
  const out = reply.raw;
  const gone = new AbortController();
  out.once('close', () => gone.abort());
  out.once('error', () => gone.abort());
  const headers = {
    ...reply.getHeaders(),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  };
  out.writeHead(200, headers as Record<string, string>);
  out.write(`retry: ${reconnectMs}\n\n`);
  const subscription = watch.subscribe(jobId);
  try {
    await follow(options, subscription.next, gone.signal);
  } catch {
    // Postgres went away, or the right to listen: break off; EventSource comes back by itself with Last-Event-ID.
  } finally {
    subscription.end();
    out.end();
  }
};

const follow = async (
  options: JobStreamOptions,
  next: (ms: number, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  const { reader, watch, reply, jobId } = options;
  const write = async (text: string): Promise<void> => {
    // A reader slower than the job must not make us hold its lines in memory.
    if (!reply.raw.write(text)) await once(reply.raw, 'drain', { signal });
  };
  for (let after = options.after; !signal.aborted && !watch.isClosed;) {
    await options.caller();
    const seen = await look(reader, jobId, after);
    if (!seen) return;
    for (const line of seen.lines) await write(`id: ${line.sequence}\nevent: line\ndata: ${JSON.stringify(line)}\n\n`);
    const advanced = seen.lines.at(-1)?.sequence ?? after;
    await write(advanced > after ? `event: job\ndata: ${JSON.stringify(seen.job)}\n\n` : ': still there\n\n');
    after = advanced;
    if (finishedJobStatuses.includes(seen.job.status) && after >= seen.job.lastEventSequence) return;
    if (after < seen.job.lastEventSequence) continue;
    await next(keepAliveMs, signal);
  }
};

/** The job is read before its lines: when it says that it has ended, its last line is among those read after. */
const look = async (
  reader: Pick<Tx, 'query'>,
  jobId: string,
  after: number,
): Promise<{ job: JobView; lines: JobEventView[] } | undefined> => {
  const row = await readJob(reader, jobId);
  if (!row) return undefined;
  return { job: await viewOf(reader, row), lines: (await readEvents(reader, jobId, after)).map(toEventView) };
};
