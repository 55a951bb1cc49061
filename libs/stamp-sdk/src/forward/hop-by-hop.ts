import { internalHeaderPrefix } from '@lapidary/contracts/workload';

/** Headers as Node's parser gives them: name, value, name, value … in order, duplicates kept. */
export type RawHeaders = readonly string[];

/** Lower-case names with the values that we set. */
export type SetHeaders = Readonly<Record<string, string>>;

export interface HeaderRules {
  /** Whatever came under these names is dropped first; empty values drop without setting. */
  readonly set: SetHeaders;
  /** Further names to drop; asked with the canonical name. */
  readonly drop?: (canonicalName: string) => boolean;
}

/**
 * Meaningful for one connection only (RFC 9110 §7.6.1), never passed on. "proxy-connection" and "http2-settings" are
 * not in the RFC's list but steer connections in practice (h2c smuggling). "expect" is answered here (100-continue).
 */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
]);

/**
 * Fields that tell who the client is: whole names, and the beginning of others. What we say ourselves replaces what the client said.
 * Whom a router believes about its client is decided in its proxy-protocol/client-facts.ts; a public door believes nobody.
 */
export const clientNames: readonly string[] = ['forwarded', 'x-real-ip'];
export const clientNamePrefix = 'x-forwarded-';
export const saysWhoTheClientIs = (canonicalName: string): boolean =>
  clientNames.includes(canonicalName) || canonicalName.startsWith(clientNamePrefix);

/** Framing is rebuilt from what the parser understood, never copied: two hops that read it differently can be desynchronised. */
const framing = 'content-length';

/** Names that "Connection" can't strip: a client would take away what we route, authenticate or frame by. */
const notNameable: ReadonlySet<string> = new Set(['host', 'content-length', 'content-type', 'cache-control']);

/** WSGI, CGI and PHP merge "x_a" and "x-a" into one variable: both names are one header to us. */
export const canonicalName = (name: string): string => name.toLowerCase().replaceAll('_', '-');

/** Lower-case tokens of every "Connection" line. */
export const connectionTokens = (raw: RawHeaders): ReadonlySet<string> => {
  const tokens = new Set<string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (raw[i]!.toLowerCase() !== 'connection') continue;
    for (const token of raw[i + 1]!.split(',')) tokens.add(token.trim().toLowerCase());
  }
  return tokens;
};

/** All values of one header, in order; `name` is lower-case. */
export const headerValues = (raw: RawHeaders, name: string): string[] => {
  const values: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) if (raw[i]!.toLowerCase() === name) values.push(raw[i + 1]!);
  return values;
};

const append = (kept: string[], set: SetHeaders): string[] => {
  for (const [name, value] of Object.entries(set)) if (value !== '') kept.push(name, value);
  return kept;
};

const endToEnd = (raw: RawHeaders, rules: HeaderRules, dropInternal: boolean): string[] => {
  const named = connectionTokens(raw);
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const lower = raw[i]!.toLowerCase();
    const canonical = canonicalName(lower);
    if (hopByHop.has(canonical) || canonical === framing) continue;
    if (named.has(lower) && !notNameable.has(lower)) continue;
    if (dropInternal && canonical.startsWith(internalHeaderPrefix)) continue;
    if (Object.hasOwn(rules.set, canonical) || rules.drop?.(canonical) === true) continue;
    if (canonical === 'host' && lower !== 'host') continue;
    kept.push(raw[i]!, raw[i + 1]!);
  }
  return append(kept, rules.set);
};

/**
 * The headers of a request that pass on: end-to-end ones, without everything that is ours to say (I4: a client that
 * could send or strip tenant or epoch would choose its own stamp), then what we set. Without framing headers.
 */
export const requestHeaders = (raw: RawHeaders, rules: HeaderRules): string[] => endToEnd(raw, rules, true);

/**
 * The headers of an answer that pass back. `trusted`: the sender is a stamp agent, whose x-lapidary- headers pass;
 * a workload's don't, so that it can't pretend a 421. Content-Length is kept by the caller, which knows the framing.
 */
export const responseHeaders = (raw: RawHeaders, rules: HeaderRules, trusted: boolean): string[] => endToEnd(raw, rules, !trusted);
