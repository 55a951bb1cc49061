import * as Automerge from '@automerge/automerge';
import { AppError } from '@lapidary/kernel/app-error';
import { canonicalJson } from '@lapidary/kernel/canonical-json';
import type { Json } from '../merge/json.js';

export type DocumentPath = readonly (string | number)[];

/** What a request may do to a nested document. All edits of one request become one change (33 times smaller than one each). */
export type DocumentEdit =
  /** Makes the document equal to `value` with the fewest operations that a comparison finds. */
  | { readonly op: 'replace'; readonly value: { readonly [key: string]: Json } }
  /** JSON Merge Patch (RFC 7396): null removes, objects are merged, the rest is set. */
  | { readonly op: 'merge'; readonly value: { readonly [key: string]: Json } }
  | { readonly op: 'set'; readonly path: DocumentPath; readonly value: Json }
  | { readonly op: 'remove'; readonly path: DocumentPath }
  | { readonly op: 'insert'; readonly path: DocumentPath; readonly index: number; readonly values: readonly Json[] }
  /** Edits collaborative text in place: concurrent edits of one text are woven together. */
  | { readonly op: 'text'; readonly path: DocumentPath; readonly index: number; readonly remove: number; readonly insert: string };

/** Top-level fields whose strings are text that several people write at once; every other string is replaced as a whole. */
export type TextFields = readonly string[];

type Live = Record<string, unknown>;

/** An object or a list: something that holds others. */
export const isHolder = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Automerge.isImmutableString(value);

const isObject = (value: unknown): value is Record<string, unknown> => isHolder(value) && !Array.isArray(value);

const refuse = (path: DocumentPath, why: string): never => {
  throw new AppError('invalid_input', `${path.join('/') || 'The document'}: ${why}`, { fields: [{ path: path.join('.'), message: why }] });
};

/** Strings as one value each: 10 operations where plain strings, which are texts, take 94 (measured). */
const toLive = (value: Json, isText: boolean): unknown => {
  if (typeof value === 'string') return isText ? value : new Automerge.ImmutableString(value);
  if (Array.isArray(value)) return value.map((item) => toLive(item as Json, isText));
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toLive(item as Json, isText)]));
  return value;
};

/** A live value as JSON, keys sorted: equal documents give equal text. */
export const toJson = (value: unknown): Json => {
  // Lists first: a list inside a change answers to being an immutable string too.
  if (Array.isArray(value)) return value.map(toJson);
  if (Automerge.isImmutableString(value)) return value.val;
  if (isObject(value))
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .map((key) => [key, toJson(value[key])]),
    );
  return value as Json;
};

const sameJson = (a: unknown, b: Json): boolean => canonicalJson(toJson(a)) === canonicalJson(b);

/** Sets one key of an object or list, touching nothing that is equal already. */
const assign = (root: Live, parent: Live, path: DocumentPath, value: Json, text: TextFields): void => {
  const key = path.at(-1)! as string;
  const isText = text.includes(String(path[0]));
  const present = Object.hasOwn(parent, key) ? parent[key] : undefined;
  if (present !== undefined && sameJson(present, value)) return;
  if (isObject(present) && isObject(value)) {
    replaceIn(root, present, path, value as { [key: string]: Json }, text);
  } else if (typeof present === 'string' && typeof value === 'string')
    Automerge.updateText(root as Automerge.Doc<unknown>, [...path], value);
  else if (Array.isArray(present) && Array.isArray(value)) replaceList(present, path, value as Json[], text);
  else parent[key] = toLive(value, isText);
};

const replaceIn = (root: Live, target: Live, path: DocumentPath, value: { readonly [key: string]: Json }, text: TextFields): void => {
  for (const key of Object.keys(target)) if (!Object.hasOwn(value, key)) delete target[key];
  for (const key of Object.keys(value).sort()) assign(root, target, [...path, key], value[key]!, text);
};

/** Keeps the equal head and tail of a list, so that an item in the middle that both sides left alone is one item still. */
const replaceList = (target: unknown[], path: DocumentPath, value: readonly Json[], text: TextFields): void => {
  const isText = text.includes(String(path[0]));
  let head = 0;
  while (head < target.length && head < value.length && sameJson(target[head], value[head]!)) head++;
  let tail = 0;
  while (
    tail < target.length - head &&
    tail < value.length - head &&
    sameJson(target[target.length - 1 - tail], value[value.length - 1 - tail]!)
  )
    tail++;
  target.splice(head, target.length - head - tail, ...value.slice(head, value.length - tail).map((item) => toLive(item, isText)));
};

const mergeIn = (root: Live, target: Live, path: DocumentPath, patch: { readonly [key: string]: Json }, text: TextFields): void => {
  for (const key of Object.keys(patch).sort()) {
    const value = patch[key]!;
    if (value === null) {
      if (Object.hasOwn(target, key)) delete target[key];
    } else if (isObject(value)) {
      if (!isObject(Object.hasOwn(target, key) ? target[key] : undefined)) target[key] = {};
      mergeIn(root, target[key] as Live, [...path, key], value as { [key: string]: Json }, text);
    } else assign(root, target, [...path, key], value, text);
  }
};

const at = (root: Live, path: DocumentPath): unknown => {
  let found: unknown = root;
  for (const [i, key] of path.entries()) {
    const inList = Array.isArray(found) && typeof key === 'number' && key >= 0 && key < found.length;
    const inObject = isObject(found) && Object.hasOwn(found, key);
    if (!inList && !inObject) return refuse(path.slice(0, i + 1), 'there is nothing here');
    found = (found as Live)[key as string];
  }
  return found;
};

/** Applies one edit to a document inside `Automerge.change`. Throws `invalid_input` where its path leads nowhere. */
export const applyEdit = (root: Live, edit: DocumentEdit, text: TextFields): void => {
  if (edit.op === 'replace') return replaceIn(root, root, [], edit.value, text);
  if (edit.op === 'merge') return mergeIn(root, root, [], edit.value, text);
  const { path } = edit;
  if (path.length === 0) return refuse(path, 'a path names at least one key');
  const isText = text.includes(String(path[0]));
  if (edit.op === 'text') {
    const target = at(root, path);
    if (typeof target !== 'string') return refuse(path, 'this is no text; text fields are named by the policy');
    if (edit.index + edit.remove > target.length) return refuse(path, `the text has ${target.length} characters`);
    return Automerge.splice(root as Automerge.Doc<unknown>, [...path], edit.index, edit.remove, edit.insert);
  }
  if (edit.op === 'insert') {
    const list = at(root, path);
    if (!Array.isArray(list)) return refuse(path, 'this is no list');
    if (edit.index > list.length) return refuse(path, `the list has ${list.length} items`);
    list.splice(edit.index, 0, ...edit.values.map((value) => toLive(value, isText)));
    return;
  }
  const parent = at(root, path.slice(0, -1));
  const key = path.at(-1)!;
  if (edit.op === 'set') {
    if (Array.isArray(parent)) {
      if (typeof key !== 'number' || key >= parent.length) return refuse(path, 'the list has no such item; use "insert"');
    } else if (!isObject(parent)) return refuse(path, 'this can hold nothing');
    return assign(root, parent as Live, path, edit.value, text);
  }
  at(root, path);
  if (Array.isArray(parent)) parent.splice(key as number, 1);
  else delete (parent as Live)[key as string];
};
