import * as Automerge from '@automerge/automerge';
import type { Json } from '../merge/json.js';
import { compareOperations } from './document-actor.js';
import { isHolder, toJson } from './document-edits.js';
import { decodeChange, DocumentHistory, rootObject, type Change, type Operation, type Remover } from './document-history.js';
import type { Doc } from './live-documents.js';

/** What somebody wrote into a list, an object or a text that another one took away without having seen that write. */
export interface Swallowed {
  /** Of what was written into, where its writer saw it, with "/" between keys. */
  readonly path: string;
  /** The operation that took it away, `<counter>@<actor>`, and what it put there instead, if anything. */
  readonly winner: { readonly at: string; readonly value?: Json };
  /** The last operation of the write in it, and what it was to the writer after that. */
  readonly loser: { readonly at: string; readonly value: Json };
}

/** Stands among a document's objects for texts in lists, whose ids can't be had. */
const textInList = 'a text in a list';

/** An object's id. Of list items Automerge knows it by the item itself; of a text, which is a plain string, by where it is. */
const idOf = (holder: unknown, key: string): string | null => {
  const value = (holder as Record<string, unknown>)[key];
  if (isHolder(value)) return Automerge.getObjectId(value);
  if (typeof value !== 'string') return null;
  return Array.isArray(holder) ? textInList : Automerge.getObjectId(holder as Doc, key);
};

/** Ids of the objects that a document shows. Those that lost to another one at their place have a row of the ledger, which follows them. */
export const objectsOf = (doc: Doc): ReadonlySet<string> => {
  const found = new Set<string>();
  const visit = (holder: unknown): void => {
    for (const key of Object.keys(holder as object)) {
      const id = idOf(holder, key);
      if (id !== null) found.add(id);
      const value = (holder as Record<string, unknown>)[key];
      if (isHolder(value)) visit(value);
    }
  };
  visit(doc);
  return found;
};

const writes = ({ action }: Operation): boolean => action === 'set' || action.startsWith('make');

interface Found {
  readonly path: readonly string[];
  readonly value: Json;
}

/** Where an object is in a document, and what it holds; texts are not found in a document of some time before. */
const findIn = (holder: unknown, object: string, path: readonly string[] = []): Found | null => {
  if (object === rootObject) return { path, value: toJson(holder) };
  for (const key of Object.keys(holder as object)) {
    const here = [...path, key];
    const value = (holder as Record<string, unknown>)[key];
    if (idOf(holder, key) === object) return { path: here, value: toJson(value) };
    const within = isHolder(value) ? findIn(value, object, here) : null;
    if (within) return within;
  }
  return null;
};

/** The same of a text: by what it was made in; of one in a list, that list. */
const findText = (seen: Doc, { obj, key }: Operation): Found | null => {
  const holder = findIn(seen, obj);
  if (holder === null || key === undefined) return holder;
  return { path: [...holder.path, key], value: (holder.value as Record<string, Json>)[key] ?? null };
};

const valueAt = (doc: Doc, path: readonly string[]): unknown =>
  path.reduce<unknown>((at, key) => (isHolder(at) ? at[key] : undefined), doc);

/**
 * Writes that Automerge doesn't show, nor among its conflicts, since what they were made in is gone: who took that away had not seen them
 * (docs/adr/0075). `heads` and `objects` are those of the document before changes were taken in, `after` has them. Each write is found where it
 * meets its remover, whichever comes first, and is the same wherever that is.
 */
export const swallowedIn = (heads: readonly string[], objects: ReadonlySet<string>, after: Doc): Swallowed[] => {
  const fresh = Automerge.getChangesSince(after, [...heads]).map((bytes) => decodeChange(bytes));
  if (fresh.length === 0) return [];
  const held = objectsOf(after);
  const mayBeGone = ({ obj }: Operation): boolean => obj !== rootObject && !held.has(obj);
  const removed = new Set(
    fresh.flatMap(({ operations }) => operations.flatMap(({ pred }) => pred.filter((id) => objects.has(id) || objects.has(textInList)))),
  );
  const isSuspect = fresh.some(({ operations }) => operations.some((o) => writes(o) && mayBeGone(o)));
  if (!isSuspect && removed.size === 0) return [];
  const history = new DocumentHistory(after);
  const isFresh = new Set(fresh.map(({ hash }) => hash));
  const found: Swallowed[] = [];
  for (const change of history.all()) {
    // Of what was here already only that counts which was shown and has gone just now.
    const counts = ({ obj }: Operation): boolean =>
      isFresh.has(change.hash) ||
      ((objects.has(obj) || objects.has(textInList)) && history.around(obj).some((object) => removed.has(object)));
    const isLost = (operation: Operation): boolean =>
      writes(operation) && mayBeGone(operation) && counts(operation) && swallowersOf(history, change, operation.obj).length > 0;
    const lost = new Map<string, Operation>();
    for (const operation of change.operations) if (isLost(operation)) lost.set(operation.obj, operation);
    // What a write made inside of what it wrote into is told with that: whoever removed what, it is the same everywhere.
    const whole = new Map([...lost].map(([object, last]) => [history.around(object).findLast((o) => lost.has(o))!, last]));
    for (const [object, last] of whole) found.push(lossOf(after, history, change, object, last));
  }
  return found;
};

/**
 * Who took away what a change wrote into without having seen that; nobody where somebody took it away who had.
 * Who knew of an earlier removal as well didn't see the write: it was gone there, and only what was around it was taken away.
 */
const swallowersOf = (history: DocumentHistory, change: Change, object: string): readonly Remover[] => {
  const removers = history.around(object).flatMap((o) => history.removersOf(o));
  const came = (later: Remover, earlier: Change): boolean => later.change !== earlier && history.knew(later.change, earlier);
  const first = removers.filter((r) => !removers.some((other) => came(r, other.change)));
  return first.some((r) => history.knew(r.change, change)) ? [] : first;
};

const lossOf = (after: Doc, history: DocumentHistory, change: Change, object: string, last: Operation): Swallowed => {
  const swallowers = swallowersOf(history, change, object);
  const { by } = swallowers.toSorted((a, b) => compareOperations(a.by.id, b.by.id))[0]!;
  const seen = Automerge.view(after, [change.hash]);
  const maker = history.makerOf(object);
  const { path, value } = findIn(seen, object) ?? (maker ? findText(seen, maker) : null) ?? { path: [], value: toJson(seen) };
  const instead = by.action === 'del' ? undefined : valueAt(after, path);
  return {
    path: path.join('/'),
    winner: { at: by.id, ...(instead === undefined ? {} : { value: toJson(instead) }) },
    loser: { at: last.id, value },
  };
};
