import { joinKnown, type KnownEvents } from '@lapidary/replication/digest/vector-cover';
import type { MemoryDatabase } from './memory-collections.ts';

/** All that documents may have in them: what was taken in, beyond holes too, and what repairs brought (F4). */
export const appliedIn = (region: string, database: MemoryDatabase): KnownEvents =>
  joinKnown(database.apart, {
    ...Object.fromEntries(database.vector),
    [region]: { epoch: database.epoch, sequence: database.outbox.length },
  });
