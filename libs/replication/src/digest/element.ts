import { hash } from 'node:crypto';

/**
 * One row of a replica as a number of 64 bits: the first 12 say which bucket its key is in, the other 52 what the row holds. So
 * two versions of one row share a bucket, and who knows only an element needs to look through one bucket for its row.
 * In two words, since a million of them as bigints would take ten times as long.
 */
export interface Element {
  readonly high: number;
  readonly low: number;
}

/**
 * A million rows are some 250 to a bucket: few enough to look through in a millisecond. The table of all buckets is 48 kB, small
 * enough to be rewritten by whoever folds changes into it.
 */
export const bucketCount = 4_096;
const bucketBits = 12;

/** Names a document within its collection; no tenant's id has a slash in it. */
const keyOf = (tenant: string, id: string): string => `${tenant}/${id}`;
const sha256 = (text: string): string => hash('sha256', text, 'hex');

export const bucketOf = (tenant: string, id: string): number => parseInt(sha256(keyOf(tenant, id)).slice(0, 3), 16);

/**
 * `digest`: of the state (digestOfState), equal in all regions that know the same writes. The function `document_element` of the
 * database says the same; a test holds the two together.
 */
export const elementOf = (tenant: string, id: string, digest: string): Element => {
  const key = keyOf(tenant, id);
  const digits = sha256(key).slice(0, 3) + sha256(`${key}/${digest}`).slice(0, 13);
  return { high: parseInt(digits.slice(0, 8), 16), low: parseInt(digits.slice(8), 16) };
};

export const bucketOfElement = ({ high }: Element): number => high >>> (32 - bucketBits);

/** 16 hex digits: how elements are named on the wire and in maps. */
export const elementName = ({ high, low }: Element): string => high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
const namePattern = /^[0-9a-f]{16}$/;
/** Null where it is no name of an element. */
export const elementNamed = (name: string): Element | null =>
  namePattern.test(name) ? { high: parseInt(name.slice(0, 8), 16), low: parseInt(name.slice(8), 16) } : null;

/** As the database's signed 64-bit integer. */
export const int8OfElement = ({ high, low }: Element): string => BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)).toString();

/** From the database's signed 64-bit integer, as text. */
export const elementOfInt8 = (text: string): Element => {
  const value = BigInt.asUintN(64, BigInt(text));
  return { high: Number(value >> 32n), low: Number(value & 0xffff_ffffn) };
};
