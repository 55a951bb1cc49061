import type { CollectionPolicy, DocumentOperation } from '@lapidary/contracts/api/collections';
import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import { AppError, isAppError } from '@lapidary/kernel/app-error';
import { canonicalJson } from '@lapidary/kernel/canonical-json';
import type { DocumentEdit, TextFields } from '../automerge/document-edits.js';
import type { Edited } from '../automerge/document-engine.js';
import type { Json } from '../merge/json.js';
import { isAlive } from '../merge/lww.js';
import { writeRegister } from '../merge/register.js';
import { keyText, type DocumentKey, type Site, type StoredDocument } from './collection-store.js';
import { isUnbegun, unknownOfNested, type DocumentState, type NestedState } from './document-state.js';
import { generationOf, isAnswered, type NextGeneration } from './generations.js';
import { contentsOf, fromBase64, nextKey, toBase64, type ToldNested } from './merge-nested.js';
import { settledBy, wholeEvery, type Written } from './written.js';

export type NestedCommand =
  | { readonly op: 'put' | 'patch'; readonly value: Json }
  | { readonly op: 'operate'; readonly operations: readonly DocumentOperation[] }
  | { readonly op: 'delete' };

type Genesis = { readonly [key: string]: Json };

const invalid = (message: string): AppError => new AppError('invalid_input', message);

/** What a document begins with under a policy, and which of its fields are texts. */
export const beginningOf = (policy: CollectionPolicy): { readonly genesis: Genesis; readonly text: TextFields } =>
  policy.kind === 'document' ? { genesis: policy.genesis as Genesis, text: policy.text } : { genesis: {}, text: [] };

/** A write of a nested document, in the form of the history that holds, and of one that is proposed (G3). */
export const writeNested = async (
  site: Pick<Site, 'region' | 'nested'>,
  key: DocumentKey,
  stored: StoredDocument,
  state: NestedState,
  policy: CollectionPolicy,
  command: NestedCommand,
  at: string,
): Promise<Written | null> => {
  const exists = isAlive(state.alive);
  const alive = writeRegister(state.alive, at, command.op !== 'delete');
  const apart = unanswered(state.next, site.region, at);
  if (command.op === 'delete')
    return nestedWritten(stored, policy, { ...state, alive, ...apart }, stored.bytes, { parts: [], nextParts: [], whole: false });
  const edits = nestedEdits(command);
  if (isUnbegun(state) && generationOf(state).number > 0)
    throw new AppError('not_yet_here', `The beginning of ${key.id} in ${key.collection} has not arrived`, { retryAfterSeconds: 1 });
  const { genesis, text } = beginningOf(policy);
  const isAnswer = isAnswered(state.next);
  // G8.
  const edited = await site.nested.edit(keyText(key), stored.bytes, genesis, edits, text, isAnswer && !exists);
  if (exists && edited.change === null) return null;
  const answer = isAnswer ? await inNextForm(site, key, state.next!, edited, { genesis, edits, text }) : null;
  const whole = stored.bytes === null || isUnbegun(state) || stored.toldInPart + 1 >= wholeEvery;
  const after = { ...state, ...contentsOf(edited), alive, ...(answer ? { next: answer.next } : apart) };
  return nestedWritten(stored, policy, after, edited.bytes, {
    parts: edited.change === null ? [] : [edited.change],
    nextParts: answer?.parts ?? [],
    whole,
  });
};

/** G2: a write that is not made in a proposal's form, for the proposal itself is not known, or is broken. */
const unanswered = (next: NextGeneration | undefined, region: string, at: string): { readonly next?: NextGeneration } =>
  next === undefined || isAnswered(next) ? {} : { next: { ...next, lone: { ...next.lone, [region]: at } } };

interface Request {
  readonly genesis: Genesis;
  readonly edits: readonly DocumentEdit[];
  readonly text: TextFields;
}

/**
 * The same request in the proposed history; where its edits do not give the same there, all that is shown takes their place. That takes nothing
 * away which its writer could not see: neither form shows what the other one waits for (G8).
 */
const inNextForm = async (
  { nested }: Pick<Site, 'nested'>,
  key: DocumentKey,
  next: NextGeneration,
  shown: Edited,
  { genesis, edits, text }: Request,
): Promise<{ readonly next: NextGeneration; readonly parts: readonly Uint8Array[] }> => {
  const before = next.doc === null ? null : fromBase64(next.doc);
  const make = async (made: readonly DocumentEdit[]): Promise<Edited> =>
    nested.edit(nextKey(keyText(key)), before, genesis, made, text, true);
  const isSame = (edited: Edited): boolean => canonicalJson(edited.value) === canonicalJson(shown.value);
  let edited: Edited | null = null;
  try {
    edited = await make(edits);
  } catch (error) {
    // Concurrent writes may stand in another order there: a place in a list that is here may not be there yet.
    if (!isAppError(error) || error.code !== 'invalid_input') throw error;
  }
  if (edited === null || !isSame(edited)) edited = await make([{ op: 'replace', value: shown.value as Genesis }]);
  const parts = before === null || next.heads.length === 0 ? [edited.bytes] : edited.change === null ? [] : [edited.change];
  return { next: { ...next, heads: edited.heads, doc: toBase64(edited.bytes) }, parts };
};

const nestedEdits = (command: Exclude<NestedCommand, { op: 'delete' }>): DocumentEdit[] => {
  if (command.op === 'operate') {
    const wrong = command.operations.find((o) => o.op === 'add' || o.op === 'subtract' || o.op === 'give');
    if (wrong) throw invalid(`"${wrong.op}" is an operation of counters`);
    return command.operations as unknown as DocumentEdit[];
  }
  const { value } = command;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('A nested document is an object');
  return [{ op: command.op === 'put' ? 'replace' : 'merge', value: value as Genesis }];
};

interface ToTell {
  readonly parts: readonly Uint8Array[];
  readonly nextParts: readonly Uint8Array[];
  readonly whole: boolean;
}

export const nestedWritten = (
  stored: StoredDocument,
  policy: CollectionPolicy,
  nested: NestedState,
  bytes: Uint8Array | null,
  { parts, nextParts, whole }: ToTell,
): Written => {
  const state: DocumentState = { kind: 'document', ...unknownOfNested(stored.state), ...nested };
  return {
    after: { state, bytes, toldInPart: whole ? 0 : stored.toldInPart + 1 },
    change: whole ? wholeNested(state, bytes) : toldNested(nested, parts, nextParts),
    whole,
    settled: settledBy(stored.state, state, policy),
  };
};

const toldNested = (
  { alive, generation, next }: NestedState,
  parts: readonly Uint8Array[],
  nextParts: readonly Uint8Array[],
  covers: NextGeneration['covers'] = null,
): DocumentChanged['change'] => {
  const told: ToldNested = {
    parts: parts.map(toBase64),
    alive,
    ...(generation ? { generation } : {}),
    ...(next ? { next: { id: next.id, lone: next.lone, ...(covers ? { covers } : {}), parts: nextParts.map(toBase64) } } : {}),
  };
  return told as unknown as DocumentChanged['change'];
};

/** All of a nested document. */
export const wholeNested = (nested: NestedState, bytes: Uint8Array | null): DocumentChanged['change'] => {
  const { next } = nested;
  const told = toldNested(nested, bytes === null ? [] : [bytes], next?.doc ? [fromBase64(next.doc)] : [], next?.covers ?? null);
  return { ...unknownOfNested(nested), ...told };
};
