import type { CollectionPolicy, PolicyKind } from '@lapidary/contracts/api/collections';
import type { Loss } from '@lapidary/contracts/events/collection-events';
import { canonicalJson, digestOf, sha256Hex } from '@lapidary/kernel/canonical-json';
import { regionOfHlc } from '@lapidary/kernel/hybrid-logical-clock';
import { regionOfActor, type DocumentConflict } from '../automerge/document-actor.js';
import type { Swallowed } from '../automerge/swallowed.js';
import { emptyAppend, mergeAppends, type AppendState } from '../merge/append.js';
import { emptyCounter, mergeCounters, rightsOf, valueOfCounter, type CounterState } from '../merge/counter.js';
import type { Json } from '../merge/json.js';
import { documentItself, emptyLww, isAlive, latestOfLww, lossesOfLww, mergeLww, viewLww, type LwwState } from '../merge/lww.js';
import { emptyRegister, latestOf, mergeRegisters, type Register } from '../merge/register.js';
import { resolveRegister } from '../merge/resolve.js';
import { joinUnknown, unknownFields } from '../merge/unknown-fields.js';
import type { Generation, NextGeneration } from './generations.js';
import { textOfFields } from './state-text.js';

/** A nested document without its bytes: what reads and merges of `alive` need. */
export interface NestedState {
  readonly alive: Register;
  readonly heads: readonly string[];
  readonly value: Json;
  readonly conflicts: readonly DocumentConflict[];
  readonly changes: number;
  /** Changes are in its bytes that follow some which have not come: nobody sees them yet. */
  readonly isWaiting?: true | undefined;
  /** The history that these are of, where it is not the first; and the one that is proposed to follow (generations.ts). */
  readonly generation?: Generation | undefined;
  readonly next?: NextGeneration | undefined;
}

export const knownOfNested: ReadonlySet<string> = new Set<keyof NestedState | 'kind' | 'parts'>([
  ...(['kind', 'alive', 'heads', 'value', 'conflicts', 'changes', 'isWaiting', 'generation', 'next'] as const),
  // Of a change: its bytes are the engine's.
  'parts',
]);
/** What a newer version has added to a nested document, or to a change of one; not what is inside its bytes. */
export const unknownOfNested = (state: object): { readonly [name: string]: Json } => unknownFields(state, knownOfNested);

/** What a region keeps of one key. The kind is part of the key, so a state never changes its kind. */
export type DocumentState =
  | ({ readonly kind: 'lww' } & LwwState)
  | ({ readonly kind: 'counter' } & CounterState)
  | ({ readonly kind: 'append' } & AppendState)
  | ({ readonly kind: 'document' } & NestedState);

export const emptyState = (kind: PolicyKind): DocumentState => {
  switch (kind) {
    case 'lww':
      return { kind, ...emptyLww };
    case 'counter':
      return { kind, ...emptyCounter };
    case 'append':
      return { kind, ...emptyAppend };
    case 'document':
      return { kind, alive: emptyRegister, heads: [], value: {}, conflicts: [], changes: 0 };
  }
};

/** Merges everything but the bytes of nested documents, which are the engine's: of two states the one in `a` stays there. */
export const mergeStates = (a: DocumentState, b: DocumentState): DocumentState => {
  if (a.kind === 'lww' && b.kind === 'lww') return { kind: 'lww', ...mergeLww(a, b) };
  if (a.kind === 'counter' && b.kind === 'counter') return { kind: 'counter', ...mergeCounters(a, b) };
  if (a.kind === 'append' && b.kind === 'append') return { kind: 'append', ...mergeAppends(a, b) };
  if (a.kind === 'document' && b.kind === 'document')
    return { ...a, ...joinUnknown(a, b, knownOfNested), alive: mergeRegisters(a.alive, b.alive) };
  throw new TypeError(`a state of kind ${a.kind} can't be merged with one of kind ${b.kind}`);
};

/** Latest hybrid time in a state: the next write must be later, and a change that is too far ahead of the clock is held. */
export const latestOfState = (state: DocumentState): string => {
  if (state.kind === 'lww') return latestOfLww(state);
  if (state.kind === 'append') return state.variants.reduce((latest, v) => (v.at > latest ? v.at : latest), '');
  return latestOf(state.alive);
};

/** What of a state is equal in all regions that know the same writes. */
const sharedOf = (state: DocumentState): unknown => {
  if (state.kind !== 'document') return state;
  const { alive, heads, generation, next } = state;
  return {
    ...unknownOfNested(state),
    alive,
    heads,
    ...(generation ? { generation } : {}),
    ...(next ? { next: { ...next, doc: null } } : {}),
  };
};

/** Equal in all regions that know the same writes. */
export const digestOfState = (state: DocumentState): string =>
  state.kind === 'lww' ? sha256Hex(textOfFields(state)) : digestOf(sharedOf(state));

const texts = new WeakMap<DocumentState, string>();
/**
 * A state as JSON, its keys sorted. What is measured is written, too, and the text is the dearest part of taking a change in; but of fields, which
 * are written packed.
 */
export const textOfState = (state: DocumentState): string => {
  if (state.kind === 'lww') return textOfFields(state);
  let text = texts.get(state);
  if (text === undefined) texts.set(state, (text = canonicalJson(state)));
  return text;
};

/**
 * Digest, and bytes of the state as JSON. A history that is only proposed is not counted: a write must not be refused for what nobody
 * wrote.
 */
export const measureState = (state: DocumentState): { readonly digest: string; readonly bytes: number } => {
  const text = state.kind === 'document' && state.next ? canonicalJson({ ...state, next: null }) : textOfState(state);
  return { digest: state.kind === 'document' ? digestOfState(state) : sha256Hex(text), bytes: Buffer.byteLength(text) };
};

/** Whether changes of a nested document are here and its beginning is not: they wait inside, and it shows nothing (N1 of merge-nested.ts). */
export const isUnbegun = (state: DocumentState | NestedState): boolean =>
  'heads' in state && isAlive(state.alive) && state.heads.length === 0;

/** Whether changes of a nested document are here that follow some which have not come, so that it doesn't show them. */
export const isWaiting = (state: DocumentState): boolean => state.kind === 'document' && state.isWaiting === true;

/** Whether people see it, under whatever policy. */
export const existsState = (state: DocumentState): boolean => (state.kind === 'append' ? state.variants.length > 0 : isAlive(state.alive));

export interface Seen {
  readonly value: Json;
  readonly rights?: Record<string, number>;
  readonly variants?: Json[];
}

/** What people see under a policy; null where the document does not exist. */
export const viewState = (state: DocumentState, policy: CollectionPolicy): Seen | null => {
  switch (state.kind) {
    case 'lww': {
      const value = viewLww(state, policy.kind === 'lww' ? policy.rules : {});
      return value === null ? null : { value };
    }
    case 'counter':
      return isAlive(state.alive) ? { value: valueOfCounter(state), rights: rightsOf(state) } : null;
    case 'append': {
      const [first] = state.variants;
      return first ? { value: first.body, ...(state.variants.length > 1 ? { variants: state.variants.map((v) => v.body) } : {}) } : null;
    }
    case 'document':
      return isAlive(state.alive) && !isUnbegun(state) ? { value: state.value } : null;
  }
};

const sideOf = (side: { readonly at: string; readonly value?: Json }, region: string): Loss['winner'] =>
  ({ at: side.at, region, ...(side.value === undefined ? {} : { value: side.value }) }) as Loss['winner'];

/** As losses: what a write was made in was taken away by somebody who had not seen it. */
export const swallowedLosses = (swallowed: readonly Swallowed[]): Loss[] =>
  swallowed.map(({ path, winner, loser }) => ({
    field: path === '' ? documentItself : path,
    winner: sideOf(winner, regionOfActor(winner.at)),
    loser: sideOf(loser, regionOfActor(loser.at)),
  }));

/** Every value that was written, not replaced knowingly, and is not shown under this policy. */
export const lossesOf = (state: DocumentState, policy: CollectionPolicy): Loss[] => {
  const hlcSide = (s: { readonly at: string; readonly value?: Json }): Loss['winner'] => sideOf(s, regionOfHlc(s.at));
  if (state.kind === 'lww') {
    return lossesOfLww(state, policy.kind === 'lww' ? policy.rules : {}).map((l) => ({
      field: l.field,
      winner: hlcSide(l.winner),
      loser: hlcSide(l.loser),
    }));
  }
  if (state.kind === 'append') {
    const [first, ...others] = state.variants;
    return others.map((v) => ({
      field: documentItself,
      winner: hlcSide({ at: first!.at, value: first!.body }),
      loser: hlcSide({ at: v.at, value: v.body }),
    }));
  }
  const existence = resolveRegister(state.alive, 'last-write');
  const lost = existence.losers.map((loser) => ({ field: documentItself, winner: hlcSide(existence.winner!), loser: hlcSide(loser) }));
  if (state.kind === 'counter') return lost;
  const nested = state.conflicts.map((c) => ({
    field: c.path,
    winner: sideOf(c.winner, regionOfActor(c.winner.at)),
    loser: sideOf(c.loser, regionOfActor(c.loser.at)),
  }));
  return [...lost, ...nested];
};
