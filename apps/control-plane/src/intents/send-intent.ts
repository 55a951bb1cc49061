import type { IntentState } from '@lapidary/contracts/api/intents';
import type { IntentReply, IntentRequest, IntentVerdict } from '@lapidary/contracts/intent-protocol';
import type { Tx } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { nextState } from '@lapidary/kernel/transition-table';
import { recordAudit } from '../audit/record-audit.js';
import { isHeld } from '../auth/held-credentials.js';
import { presentBindings } from '../auth/present-bindings.js';
import { hasRole } from '../auth/principal.js';
import { systemContext } from '../http/command-context.js';
import type { IntentRow } from './intent-row.js';
import { intentTransitions, type IntentEvent } from './intent-states.js';
import { endIntent, getIntent } from './intent-store.js';

/** An owner that could not decide is asked again after this, and no later than after that. */
const pauseFirstSeconds = 1;
const pauseMaxSeconds = 30;
const errorLengthMax = 500;

const eventOf: Readonly<Record<IntentVerdict, IntentEvent>> = {
  executed: 'execute',
  refused: 'refuse',
  cancelled: 'confirm-cancel',
  expired: 'expire',
};

/**
 * Writes down that the intent is about to be sent, and returns the message (IN3); null where it ended instead: its time ran out before
 * it was ever sent (IN4), or who asked has lost the right (IN6).
 */
export const prepareToSend = async (tx: Tx, region: string, id: string): Promise<IntentRequest | IntentState | null> => {
  const row = await getIntent(tx, id, { lock: true });
  if (row.settled_at !== null) return null;
  const expiresAt = row.expires_at.toISOString();
  if (row.state === 'queued' && row.expires_at.getTime() < Date.now()) return await end(tx, region, row, 'expire', region, null);
  if (row.state !== 'cancelling' && (await isHeld(tx, row.actor))) return await putOff(tx, row);
  const bindings = (await presentBindings(tx, row.actor)) ?? [];
  const principal = { actor: row.actor, bindings };
  let state: IntentState = row.state;
  if (state !== 'cancelling' && !hasRole({ ...principal, via: 'peer' }, 'operator', row.owner)) {
    if (state === 'queued') return await end(tx, region, row, 'withdraw', region, null);
    state = nextState(intentTransitions, state, 'withdraw');
  }
  if (state === 'queued') state = nextState(intentTransitions, state, 'send');
  await tx.query(
    `UPDATE intent SET state = $2, attempts = attempts + 1, last_attempt_at = now(),
            next_attempt_at = now() + interval '1 second' * least($3::float, $4 * power(2, least(attempts, 10))) WHERE id = $1`,
    [row.id, state, pauseMaxSeconds, pauseFirstSeconds],
  );
  if (state === 'cancelling') return { want: 'cancel', id: row.id, expiresAt, by: row.settled_by ?? `region:${region}` };
  const { method, url, headers, body } = row;
  return { want: 'execute', id: row.id, expiresAt, command: { method, url, headers, body, principal } };
};

/** Ends the intent as the owner says (IN2). Returns its state; null where the owner has not decided, or somebody else wrote it down. */
export const takeReply = async (tx: Tx, region: string, id: string, reply: IntentReply): Promise<IntentState | null> => {
  const row = await getIntent(tx, id, { lock: true });
  if (row.settled_at !== null) return null;
  if (reply.verdict === 'not-now') {
    await noteFailure(tx, id, `the region answered ${reply.answer?.status ?? 'nothing'}: ${reply.answer?.body ?? ''}`);
    return null;
  }
  const by = reply.verdict === 'cancelled' ? (row.settled_by ?? row.owner) : row.owner;
  return await end(tx, region, row, eventOf[reply.verdict], by, reply.answer);
};

/** Whether who asked may still ask is not known (auth/held-credentials.ts): it waits, for as long as intents do. */
const putOff = async (tx: Tx, row: IntentRow): Promise<null> => {
  await tx.query('UPDATE intent SET next_attempt_at = now() + make_interval(secs => $2) WHERE id = $1', [row.id, pauseMaxSeconds]);
  await noteFailure(tx, row.id, `${row.actor} is held since this region was restored: stampctl geode trust`);
  return null;
};

export const noteFailure = async (tx: Pick<Tx, 'query'>, id: string, error: string): Promise<void> => {
  await tx.query('UPDATE intent SET last_error = $2 WHERE id = $1', [id, error.slice(0, errorLengthMax)]);
};

const end = async (
  tx: Tx,
  region: string,
  row: IntentRow,
  event: IntentEvent,
  by: string,
  answer: IntentReply['answer'],
): Promise<IntentState> => {
  // A cancel that nobody asked for here can't come of the owner; were it so, its verdict holds all the same (IN2).
  const from = event === 'confirm-cancel' && row.state === 'sent' ? 'cancelling' : row.state;
  const state = nextState(intentTransitions, from, event);
  await endIntent(tx, row.id, state, by, answer);
  if (event === 'withdraw') await noteFailure(tx, row.id, `${row.actor} may not operate region ${row.owner} any more`);
  const context = { ...systemContext(region, 'intents', newId()), reason: row.reason };
  await recordAudit(tx, context, `intent.${state}`, `intent/${region}.${row.id}`, { owner: row.owner, subject: row.subject, by });
  return state;
};
