import { EventEnvelopeSchema, type EventEnvelope } from '@lapidary/contracts/events/envelope';

/** One event of a message or a back-fill: readable, or parked as it came (P-SC3). */
export type IncomingEvent =
  | { readonly ok: true; readonly epoch: number; readonly sequence: number; readonly event: EventEnvelope }
  | { readonly ok: false; readonly epoch: number; readonly sequence: number; readonly raw: unknown; readonly error: string };

const positive = (value: unknown): number | null => (Number.isSafeInteger(value) && (value as number) >= 1 ? (value as number) : null);

/**
 * Reads events one by one, so that a malformed one takes no neighbour along. Its place is told by what is left of it, or
 * by the event before it, since sequences ascend without holes within a batch. One whose place nobody can tell is left
 * out: the gap that it leaves is filled from the origin's outbox.
 */
export const readEvents = (origin: string, raw: readonly unknown[]): IncomingEvent[] => {
  const read: IncomingEvent[] = [];
  for (const item of raw) {
    const parsed = EventEnvelopeSchema.safeParse(item);
    if (parsed.success && parsed.data.originregion === origin) {
      const { originepoch, originsequence } = parsed.data;
      read.push({ ok: true, epoch: originepoch, sequence: originsequence, event: parsed.data });
      continue;
    }
    const before = read.at(-1);
    const fields = (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>;
    const sequence = positive(fields['originsequence']) ?? (before ? before.sequence + 1 : null);
    const epoch = positive(fields['originepoch']) ?? before?.epoch ?? null;
    if (sequence === null || epoch === null) continue;
    const error = parsed.success ? `the event says that it is from ${parsed.data.originregion}` : parsed.error.message;
    read.push({ ok: false, epoch, sequence, raw: item, error });
  }
  return read;
};
