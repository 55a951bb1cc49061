import { collectionNameLengthMax, collectionNamePattern, documentIdLengthMax, documentIdPattern } from '../api/collections.js';
import { hlcTextLengthMax, hlcTextPattern, regionStart, siblingsMax, tenantLengthMax } from './collection-events.js';
import { hasKeys, isObject, isText, type Fields } from './plain-checks.js';

/** `constructor` is a name like any other in JSON, and to zod a sign that this may be no plain object: the schema decides. */
const keyPattern = /^(?!constructor$)[A-Za-z][A-Za-z0-9_-]{0,63}$/;

const isTime = (value: unknown): value is string => isText(value, hlcTextLengthMax, hlcTextPattern);

/** Nothing inside it that would have to be looked at. */
const isPlainValue = (value: unknown): boolean =>
  typeof value === 'string'
    ? !value.includes('\u0000')
    : typeof value === 'number'
      ? Number.isFinite(value)
      : typeof value === 'boolean' || value === null;

const isSibling = (value: unknown, seen: Fields): boolean => {
  if (!isObject(value) || !isTime(value['at'])) return false;
  const { at } = value;
  if (!(hasKeys(value, ['at', 'value']) ? isPlainValue(value['value']) : hasKeys(value, ['at']))) return false;
  // R1
  const region = at.slice(regionStart);
  return Object.hasOwn(seen, region) && (seen[region] as string) >= at;
};

const isRegister = (value: unknown): boolean => {
  if (!isObject(value) || !hasKeys(value, ['siblings', 'seen'])) return false;
  const { siblings, seen } = value;
  if (!isObject(seen) || !Array.isArray(siblings) || siblings.length > siblingsMax) return false;
  for (const key in seen) if (!keyPattern.test(key) || !isTime(seen[key])) return false;
  return siblings.every((sibling) => isSibling(sibling, seen));
};

const isFields = (value: unknown): boolean => {
  if (!isObject(value)) return false;
  for (const key in value) if (!keyPattern.test(key) || !isRegister(value[key])) return false;
  return true;
};

const changeKeys = ['collection', 'tenant', 'id', 'kind', 'whole', 'change', 'settled'];

/**
 * Whether this is a change of fields of plain values, which settles nothing, and which `documentChangedEvent` accepts and gives back as it is.
 * So are nearly all events, and the schema took as long to say so as it takes to merge them. False says nothing: the schema is asked then.
 * It must never be true where the schema refuses, or reads something else (plain-change.spec.ts).
 */
export const isPlainChange = (data: unknown): boolean =>
  isObject(data) &&
  hasKeys(data, changeKeys) &&
  isText(data['collection'], collectionNameLengthMax, collectionNamePattern) &&
  isText(data['tenant'], tenantLengthMax) &&
  isText(data['id'], documentIdLengthMax, documentIdPattern) &&
  data['kind'] === 'lww' &&
  typeof data['whole'] === 'boolean' &&
  Array.isArray(data['settled']) &&
  data['settled'].length === 0 &&
  isObject(data['change']) &&
  hasKeys(data['change'], ['fields', 'alive']) &&
  isRegister(data['change']['alive']) &&
  isFields(data['change']['fields']);

/** By type: data of which it is true fit the type's schema, and are read as they are. */
export const surelyFits: Readonly<Record<string, (data: unknown) => boolean>> = { 'lapidary.document.changed.v1': isPlainChange };
