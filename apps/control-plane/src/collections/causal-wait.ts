import { formatCausalToken, parseCausalToken, type CausalEntry, type CausalToken } from '@lapidary/contracts/causal-token';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { setTimeout as sleep } from 'node:timers/promises';
import { regionsLost } from '../regions/given-up-rows.js';

/** Over a standing link an event arrives in tens of milliseconds; who waited this long is better told. */
const waitMs = 2_000;
const lookFirstMs = 25;
/** Who waits long is looked after less often: what never comes must not cost a hundred queries. */
const lookMaxMs = 200;

/** Read and write after what was seen in another region: returns when everything that the token has seen is applied here, else `not_yet_here`. */
export const waitForCausal = async (
  reader: Reader,
  region: string,
  header: string | undefined,
  patienceMs: number = waitMs,
): Promise<void> => {
  if (header === undefined || header === '') return;
  const token = parseCausalToken(header);
  if (token === null) throw new AppError('invalid_input', 'x-lapidary-causal is not one that was given out');
  const until = Date.now() + patienceMs;
  for (let pauseMs = lookFirstMs; ; pauseMs = Math.min(pauseMs * 2, lookMaxMs)) {
    const missing = await missingFrom(reader, region, token);
    if (missing === null) return;
    const leftMs = until - Date.now();
    if (leftMs <= 0) throw new AppError('not_yet_here', `Not yet here: ${missing}`, { retryAfterSeconds: 1 });
    await sleep(Math.min(pauseMs, leftMs));
  }
};

/** The region whose events are missing; null where none is. This region's own are in its database. */
const missingFrom = async (reader: Reader, own: string, token: CausalToken): Promise<string | null> => {
  const others = [...token].filter(([region]) => region !== own);
  if (others.length === 0) return null;
  const vector = await rowsOf<{ origin: string; epoch: number; sequence: string; fenced: boolean }>(
    reader,
    'SELECT origin, epoch, sequence, fenced FROM version_vector',
  );
  const events = others.flatMap(([region, entry]) => entry.events.map((event) => ({ region, event })));
  const arrived = new Set(
    events.length === 0
      ? []
      : (
          await rowsOf<{ origin: string; event_id: string }>(
            reader,
            // What is parked has come, and is not here.
            `SELECT i.origin, i.event_id FROM unnest($1::text[], $2::text[]) AS e(origin, id)
               JOIN inbox i ON i.event_id = e.id AND i.origin = e.origin
              WHERE NOT EXISTS (
               SELECT 1 FROM dead_letter d WHERE d.origin = i.origin AND d.epoch = i.epoch AND d.sequence = i.sequence AND d.state IN ('open', 'waiting'))`,
            [events.map((e) => e.region), events.map((e) => e.event)],
          )
        ).map((r) => nameOf(r.origin, r.event_id)),
  );
  for (const [region, { epoch, sequence, events: ids }] of others) {
    const at = vector.find((v) => v.origin === region);
    // What nobody tells any more is not waited for: what others have heard of it comes by what they tell, and by repairs.
    if (at?.fenced === true && (await regionsLost(reader)).has(region)) continue;
    if (!at || at.epoch < epoch || (at.epoch === epoch && Number(at.sequence) < sequence)) return region;
    // A restored database tells everything anew under a new epoch; what it has forgotten will never come.
    if (at.epoch === epoch && ids.some((id) => !arrived.has(nameOf(region, id)))) return region;
  }
  return null;
};

/** An event id is its origin's to give: another region may call something else by it. */
const nameOf = (origin: string, event: string): string => `${origin} ${event}`;

/** What whoever gets this answer has seen: everything applied here, and the named event of this region. */
export const causalTokenNow = async (reader: Reader, region: string, epoch: number, event: string | null): Promise<string> => {
  const token = await appliedHere(reader, region);
  if (event !== null) token.set(region, { epoch, sequence: 0, events: [event] });
  return formatCausalToken(token);
};

/**
 * What whoever has just read many documents may have seen: everything applied here and everything written here, also what is no longer
 * there. Of what has no sequence yet the last one stands for all: they are numbered by their position (outbox/number-outbox.ts).
 */
export const causalTokenOfAll = async (reader: Reader, region: string): Promise<string> => {
  const token = await appliedHere(reader, region);
  const [own] = await rowsOf<{ epoch: number; sequence: string; event: string | null }>(
    reader,
    `SELECT o.epoch, o.sequence, (SELECT x.id FROM outbox_waiting w JOIN outbox x ON x.position = w.position ORDER BY w.position DESC LIMIT 1) AS event
       FROM origin o`,
  );
  const { epoch, sequence, event } = own!;
  if (Number(sequence) > 0 || event !== null)
    token.set(region, { epoch, sequence: Number(sequence), events: event === null ? [] : [event] });
  return formatCausalToken(token);
};

const appliedHere = async (reader: Reader, region: string): Promise<Map<string, CausalEntry>> => {
  const rows = await rowsOf<{ origin: string; epoch: number; sequence: string }>(
    reader,
    'SELECT origin, epoch, sequence FROM version_vector WHERE epoch > 0 AND sequence > 0 AND origin <> $1',
    [region],
  );
  return new Map(rows.map((r) => [r.origin, { epoch: r.epoch, sequence: Number(r.sequence), events: [] }]));
};
