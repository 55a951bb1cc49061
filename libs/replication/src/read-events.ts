import { EventEnvelopeSchema, type EventEnvelope } from '@lapidary/contracts/events/envelope';
import { isPlainEnvelope } from '@lapidary/contracts/events/plain-envelope';
import { isKeptText } from '@lapidary/kernel/kept-text';

/** One event of a message or a back-fill: readable, or parked as it came (P-SC3). */
export type IncomingEvent =
  | { readonly ok: true; readonly epoch: number; readonly sequence: number; readonly event: EventEnvelope }
  | { readonly ok: false; readonly epoch: number; readonly sequence: number; readonly raw: unknown; readonly error: string };

/** What a schema can't say and no database keeps: a key with such a character would be another one there, and years begin with 1. */
const notToBeKept = ({ id, subject, time }: EventEnvelope): string | null => {
  if (![id, subject].every(isKeptText)) return 'its id or its subject can’t be kept';
  return time < '0001' ? 'its time is before any that can be kept' : null;
};

const positive = (value: unknown): number | null => (Number.isSafeInteger(value) && (value as number) >= 1 ? (value as number) : null);

export interface ReadBatch {
  readonly events: readonly IncomingEvent[];
  /** Nobody can tell their place in the origin's log. */
  readonly placeless: readonly unknown[];
}

/**
 * Reads events one by one, so that a malformed one takes no neighbour along. Its place is told by what is left of it, or
 * by the event before it, since sequences ascend without holes within a batch. One whose place nobody can tell is left
 * out: the gap that it leaves is filled from the origin's outbox.
 */
export const readBatch = (origin: string, raw: readonly unknown[]): ReadBatch => {
  const events: IncomingEvent[] = [];
  const placeless: unknown[] = [];
  for (const item of raw) {
    const parsed = isPlainEnvelope(item) ? { success: true as const, data: item } : EventEnvelopeSchema.safeParse(item);
    const unkept = parsed.success ? notToBeKept(parsed.data) : null;
    if (parsed.success && unkept === null && parsed.data.originregion === origin) {
      const { originepoch, originsequence } = parsed.data;
      events.push({ ok: true, epoch: originepoch, sequence: originsequence, event: parsed.data });
      continue;
    }
    const before = events.at(-1);
    const fields = (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>;
    const sequence = positive(fields['originsequence']) ?? (before ? before.sequence + 1 : null);
    const epoch = positive(fields['originepoch']) ?? before?.epoch ?? null;
    if (sequence === null || epoch === null) {
      placeless.push(item);
      continue;
    }
    const error = !parsed.success ? parsed.error.message : (unkept ?? `the event says that it is from ${parsed.data.originregion}`);
    events.push({ ok: false, epoch, sequence, raw: item, error });
  }
  return { events, placeless };
};

/** The events of a batch whose place can be told. */
export const readEvents = (origin: string, raw: readonly unknown[]): readonly IncomingEvent[] => readBatch(origin, raw).events;
