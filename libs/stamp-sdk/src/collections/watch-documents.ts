import type { DocumentView } from '@lapidary/contracts/api/collections';
import { WatchedDocumentSchema, WatchEndSchema, watchEvents } from '@lapidary/contracts/api/watch';
import { requestIdHeader } from '@lapidary/contracts/workload';
import { AppError } from '@lapidary/kernel/app-error';
import { backOffMs } from '@lapidary/kernel/back-off';
import { isErrorCode } from '@lapidary/kernel/error-catalogue';
import { readServerSentEvents, type ServerSentEvent } from '@lapidary/kernel/server-sent-events';
import { Silence } from '@lapidary/kernel/silence';
import { setTimeout as sleep } from 'node:timers/promises';
import { problemOfAnswer } from './problem-of-answer.js';
import type { CollectionsOptions } from './collections-options.js';

/** The control plane gives a sign of life every 15 s. */
const silenceMaxMs = 45_000;
const pauseFirstMs = 100;
const pauseMaxMs = 5_000;

export interface WatchChoice {
  readonly id?: string;
  readonly prefix?: string;
  /** First every document as it is. */
  readonly snapshot?: boolean;
  /** Where an earlier watch ended. */
  readonly cursor?: string;
  readonly signal?: AbortSignal;
}

export type Watched =
  /** A document as it is now; `cursor` is where to go on after it, undefined within a snapshot. */
  | { readonly kind: 'document'; readonly document: DocumentView; readonly deleted: boolean; readonly cursor: string | undefined }
  /** Everything up to here has come. */
  | { readonly kind: 'synced'; readonly cursor: string }
  /** What was seen before may be gone: every document follows. */
  | { readonly kind: 'reset' };

/**
 * Documents as they change, for as long as the caller reads, over broken connections and restarts of the control plane, going on
 * after the last one seen. The caller's pace is the stream's: nothing piles up here. Throws AppErrors that no repeat would mend.
 */
export async function* watchDocuments(options: CollectionsOptions, collection: string, choice: WatchChoice = {}): AsyncGenerator<Watched> {
  let cursor = choice.cursor;
  // A snapshot that was cut begins anew: only "synced" says that it was whole.
  const isOver = (): boolean => choice.signal?.aborted === true;
  for (let tries = 0; !isOver(); tries++) {
    const silence = new Silence(silenceMaxMs, choice.signal);
    let token = '';
    try {
      token = await options.token();
      const body = await open(options, token, collection, { ...choice, ...(cursor === undefined ? {} : { cursor }) }, silence);
      for await (const event of readServerSentEvents(silence.over(body))) {
        tries = 0;
        const watched = read(event);
        if (watched === null) continue;
        if (watched.kind !== 'reset') cursor = watched.cursor ?? cursor;
        yield watched;
      }
    } catch (error) {
      if (isOver()) return;
      if (token !== '' && error instanceof AppError && (error.code === 'unauthenticated' || error.code === 'rate_limited'))
        options.onRefused?.(token);
      if (error instanceof AppError && !error.entry.retry && !(await isRenewed(options, token, error))) throw error;
    } finally {
      silence.end();
    }
    await sleep(backOffMs(tries, pauseFirstMs, pauseMaxMs), undefined, choice.signal ? { signal: choice.signal } : {}).catch(
      () => undefined,
    );
  }
}

/** A stream ends with the token that it was begun with; where there is a newer one by then, it goes on with that. */
const isRenewed = async ({ token }: CollectionsOptions, used: string, { code }: AppError): Promise<boolean> =>
  code === 'unauthenticated' && used !== '' && (await token()) !== used;

const open = async (
  { url, tenant, requestId }: CollectionsOptions,
  token: string,
  collection: string,
  { id, prefix, snapshot, cursor }: WatchChoice,
  silence: Silence,
): Promise<ReadableStream<Uint8Array>> => {
  const query = new URLSearchParams({
    ...(tenant === undefined ? {} : { tenant }),
    ...(id === undefined ? {} : { id }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(snapshot === true ? { snapshot: 'true' } : {}),
  });
  const address = typeof url === 'string' ? url : url();
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'text/event-stream',
    ...(cursor === undefined ? {} : { 'last-event-id': cursor }),
    ...(requestId === undefined ? {} : { [requestIdHeader]: requestId }),
  };
  silence.heard();
  let response: Response;
  try {
    response = await fetch(new URL(`/v1/collections/${encodeURIComponent(collection)}/documents/watch?${query.toString()}`, address), {
      headers,
      signal: silence.signal,
    });
  } catch (error) {
    throw new AppError('api_unreachable', `No answer from ${address}`, { cause: error });
  }
  if (!response.ok) throw problemOfAnswer(response, await response.json().catch(() => null));
  if (response.body === null) throw new AppError('bad_answer', `${address} answered without a stream`);
  return response.body;
};

/** Null for what this version does not know. Throws what the control plane ended the stream for. */
const read = ({ event, data, id }: ServerSentEvent): Watched | null => {
  if (event === watchEvents.reset) return { kind: 'reset' };
  if (event === watchEvents.synced) return { kind: 'synced', cursor: id };
  if (event === watchEvents.document) {
    const { document, deleted } = WatchedDocumentSchema.parse(JSON.parse(data));
    return { kind: 'document', document, deleted, cursor: id === '' ? undefined : id };
  }
  if (event !== watchEvents.end) return null;
  const { code, detail } = WatchEndSchema.parse(JSON.parse(data));
  throw new AppError(isErrorCode(code) ? code : 'bad_answer', detail);
};
