import { msOfIso } from '@lapidary/kernel/iso-time';
import { eventIdLengthMax, eventSubjectLengthMax, eventTypePattern, type EventEnvelope } from './envelope.js';
import { hasKeys, isObject, isText } from './plain-checks.js';

const texts = ['originregion', 'hlc', 'requestid', 'actor'];
const numbers = ['originepoch', 'originsequence'];
const keys = ['specversion', 'id', 'source', 'type', 'subject', 'time', 'data', ...texts, ...numbers];
const typeLengthMax = 200;

/** To zod `constructor` is a sign that this may be no plain object, and it leaves `__proto__` out: the schema decides. */
const isRecord = (value: unknown): boolean => isObject(value) && !Object.hasOwn(value, 'constructor') && !Object.hasOwn(value, '__proto__');

/**
 * Whether this is an envelope that `EventEnvelopeSchema` accepts and gives back as it is, as nearly all are, at a fraction of its time. False says
 * nothing: the schema is asked then. It must never be true where the schema refuses, or reads something else (plain-envelope.spec.ts).
 */
export const isPlainEnvelope = (item: unknown): item is EventEnvelope =>
  isObject(item) &&
  hasKeys(item, keys) &&
  item['specversion'] === '1.0' &&
  isText(item['id'], eventIdLengthMax) &&
  item['id'] !== '' &&
  typeof item['source'] === 'string' &&
  item['source'].startsWith('/regions/') &&
  isText(item['type'], typeLengthMax, eventTypePattern) &&
  isText(item['subject'], eventSubjectLengthMax) &&
  item['subject'] !== '' &&
  typeof item['time'] === 'string' &&
  msOfIso(item['time']) !== null &&
  texts.every((key) => typeof item[key] === 'string') &&
  numbers.every((key) => Number.isSafeInteger(item[key]) && (item[key] as number) >= 1) &&
  isRecord(item['data']);
