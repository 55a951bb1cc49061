import { rowsOf } from '@lapidary/db/rows';
import { newId } from '@lapidary/kernel/ids';
import type { SignatureFault } from '@lapidary/messaging/region-keys';
import type { DataSource } from 'typeorm';
import { textOf } from './parked-text.js';
import { unreadable } from './quarantine.js';

/** Why something in a region's stream is taken for none of its events. */
export type RefusedFor =
  /** No batch at all: not to be unpacked, or larger than one may be. */
  | 'unreadable'
  /** No event by its envelope, of another region, or nobody can tell its place. */
  | 'malformed'
  /** A place beyond the end of the origin's log, or an epoch that it has not begun. */
  | 'not_in_log'
  /** Not signed by the region whose stream it is (docs/adr/0115). */
  | SignatureFault;

export interface Refused {
  readonly why: RefusedFor;
  readonly raw: unknown;
}

/** Who floods a stream with rubbish fills no database: the newest are kept, all are counted. */
const keptMax = 1_000;
/** Of one message; more of it says nothing new. */
const ofMessageMax = 100;
const keptBytesMax = 16 * 1024;

/** Of one peer's stream. Each costs a transaction, for which the true messages behind it wait; more of them say nothing new. */
const lettersAMinuteMax = 100;

/** Which of what is refused is kept: the first of each minute. */
export class RefusedLetters {
  private left = lettersAMinuteMax;
  private untilMs = 0;

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  take(refused: readonly Refused[]): readonly Refused[] {
    const now = this.nowMs();
    if (now >= this.untilMs) [this.left, this.untilMs] = [lettersAMinuteMax, now + 60_000];
    const kept = refused.slice(0, this.left);
    this.left -= kept.length;
    return kept;
  }
}

const explained: Readonly<Record<RefusedFor, string>> = {
  unreadable: 'the message is no batch of events',
  malformed: 'it is no event of this region: its place is filled from the region’s outbox',
  not_in_log: 'the region’s outbox has no such event',
  unsigned: 'the message is not signed',
  unknown_key: 'the message is signed with a key that is not known of this region',
  wrong_signature: 'the message is signed by somebody else, or was changed',
};

/**
 * Keeps what was in a region's stream and is not in its log, for people to look at. Beside the real events: epoch 0, and in place of a
 * sequence the message's in the stream. It can be neither replayed nor in anybody's way.
 */
export const noteRefused = async (
  dataSource: DataSource,
  peer: string,
  streamSequence: number,
  refused: readonly Refused[],
): Promise<void> => {
  if (refused.length === 0) return;
  const kept = refused.slice(0, ofMessageMax);
  const fieldOf = (raw: unknown, field: 'type' | 'subject'): string => {
    const value = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>;
    return typeof value[field] === 'string' ? textOf(value[field].slice(0, 200)) : unreadable;
  };
  await dataSource.query(
    `INSERT INTO dead_letter (id, origin, epoch, sequence, type, subject, event, error, state, settled_at, settled_by)
     SELECT id, $1, 0, sequence, type, subject, to_jsonb(event), error, 'refused', now(), 'system:replication'
       FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[]) AS r(id, sequence, type, subject, event, error)
     ON CONFLICT (origin, epoch, sequence) DO NOTHING`,
    [
      peer,
      kept.map(() => newId()),
      kept.map((_, i) => streamSequence * ofMessageMax + i),
      kept.map(({ raw }) => fieldOf(raw, 'type')),
      kept.map(({ raw }) => fieldOf(raw, 'subject')),
      kept.map(({ raw }) => textOf(textOfAnything(raw))),
      kept.map(({ why }) => explained[why]),
    ],
  );
  await rowsOf(
    dataSource,
    `DELETE FROM dead_letter WHERE id IN (SELECT id FROM dead_letter WHERE origin = $1 AND state = 'refused' ORDER BY id DESC OFFSET $2)`,
    [peer, keptMax],
  );
};

/** As text, so that nothing in it is ever taken for an event again. */
const textOfAnything = (raw: unknown): string => {
  try {
    return (JSON.stringify(raw) ?? 'nothing').slice(0, keptBytesMax);
  } catch {
    return 'nested too deep to be written down';
  }
};
