import { DirectoryEntrySchema, stampKey, tenantKey, type DirectoryEntry } from '@lapidary/contracts/directory';
import { cursorMax, epochMax } from './packed/tenant-record.js';

const keyOf = ({ body }: DirectoryEntry): string => (body.kind === 'tenant' ? tenantKey(body.tenant) : stampKey(body.stamp));

/** An entry as it came from a stream, a page or a disk; null where it isn't one, or is one that no table can hold. */
export const parseEntry = (value: unknown): DirectoryEntry | null => {
  const parsed = DirectoryEntrySchema.safeParse(value);
  if (!parsed.success || parsed.data.key !== keyOf(parsed.data)) return null;
  const { cursor, committedAtMs, body } = parsed.data;
  // Counted one by one, none of them is ever reached.
  return cursor > cursorMax || body.epoch > epochMax || committedAtMs < 0 || committedAtMs > cursorMax ? null : parsed.data;
};
