import { entry, exitCodes, type CatalogueEntry } from './catalogue-entry.js';

/** Part of the catalogue (error-catalogue.ts): what becomes of requests that wait for the region that owns their subject. */
export const intentErrors = {
  intent_queued: entry(
    202,
    exitCodes.queued,
    false,
    'The region that owns this cannot be reached: the request is queued',
    'It is executed once when the region is heard again. See "stampctl intents show <id>"; "stampctl intents cancel <id>" takes it back.',
  ),
  intent_cancelled: entry(
    409,
    exitCodes.conflict,
    false,
    'The request was queued and cancelled before it was executed',
    'Nothing was changed. Ask again, with a new Idempotency-Key, if it is wanted after all.',
  ),
  intent_expired: entry(
    410,
    exitCodes.timeout,
    false,
    'The request was queued, and its time ran out before the region was heard',
    'Nothing was changed. Ask again with a new Idempotency-Key; x-lapidary-intent-seconds or "--expires-in" gives it longer.',
  ),
  intent_queue_full: entry(
    503,
    exitCodes.error,
    true,
    'Too many requests wait for the region that owns this',
    'Take back what is not needed: "stampctl intents ls", "stampctl intents cancel <id>"; or call that region’s own API.',
  ),
} as const satisfies Record<string, CatalogueEntry>;
