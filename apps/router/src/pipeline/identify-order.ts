/** Where a tenant's name may stand in a request. `host` is `<tenant>.<base domain>`, or a name that a tenant claims. */
export const identifySources = ['host', 'header', 'path', 'token'] as const;
export type IdentifySource = (typeof identifySources)[number];

export interface IdentifyRule {
  /** A host name, `*.<domain>` (at any depth), or `*`. */
  readonly host: string;
  /** Prefix of the path, by whole segments: "/v2" means "/v2" and "/v2/…". */
  readonly path: string;
  /** Where to look, in this order; the first that says something decides. */
  readonly order: readonly IdentifySource[];
}

/** Where no rule says otherwise. */
export const usualOrder: readonly IdentifySource[] = ['host', 'header', 'path'];

const isExact = (host: string): boolean => !host.startsWith('*');

/** Whether a rule says that its host is nobody's, so that the client may choose there: it names that one host, and doesn't ask it. */
export const hostIsNobodys = ({ host, order }: IdentifyRule): boolean => isExact(host) && !order.includes('host');

const hostMatches = (pattern: string, host: string): boolean =>
  pattern === '*' || pattern === host || (pattern.startsWith('*.') && host.length > pattern.length - 1 && host.endsWith(pattern.slice(1)));

const pathMatches = (prefix: string, path: string): boolean =>
  prefix === '/' || path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);

const neverPlain = /[\x00-\x1f\\]|%[0-9a-f]{2}/i;
const encodedSlash = /%(?:2f|5c)/i;

/**
 * A target's path as any server behind us would read it, or null where two could read it differently: dot segments, empty ones, encoded
 * slashes, what is encoded twice. Parameters of segments (";x") are left out, as servlet containers do.
 */
export const plainPath = (target: string): string | null => {
  const raw = target.split('?', 1)[0]!;
  if (encodedSlash.test(raw)) return null;
  let decoded: string;
  try {
    decoded = decodeURIComponent(raw);
  } catch {
    return null;
  }
  if (neverPlain.test(decoded)) return null;
  const segments = decoded.split('/').map((segment) => segment.split(';', 1)[0]!);
  const isOdd = (segment: string, i: number): boolean =>
    segment === '.' || segment === '..' || (segment === '' && i > 0 && i < segments.length - 1);
  return segments.some(isOdd) ? null : segments.join('/');
};

/**
 * The first rule for a host (lower case, without port; "" where there is none) and a target; null: none, the usual order. `ambiguous`: which
 * one it is depends on how the path is read, and a client that may choose that chooses its rule.
 */
export const chooseRule = (rules: readonly IdentifyRule[], host: string, target: string): IdentifyRule | null | 'ambiguous' => {
  if (rules.length === 0) return null;
  const ofHost = rules.filter((rule) => hostMatches(rule.host, host));
  const [first] = ofHost;
  if (first === undefined || first.path === '/') return first ?? null;
  const path = plainPath(target);
  if (path === null) return 'ambiguous';
  return ofHost.find((rule) => pathMatches(rule.path, path)) ?? null;
};

/** What is wrong with a rule by itself, or null. */
export const orderProblem = (rule: IdentifyRule): string | null => {
  const { order } = rule;
  if (new Set(order).size < order.length) return 'names one source twice';
  const hostAt = order.indexOf('host');
  const freeAt = order.findIndex((source) => source === 'header' || source === 'path');
  if (freeAt < 0 || hostIsNobodys(rule)) return null;
  return hostAt >= 0 && hostAt < freeAt
    ? null
    : 'asks the header or the path before the host: on a tenant’s own host, clients would choose another tenant. Ask the host first, or name one host that is nobody’s';
};

const isCovered = (rule: IdentifyRule, by: IdentifyRule): boolean =>
  (by.host === rule.host || by.host === '*' || hostMatches(by.host, rule.host.replace(/^\*/, 'x'))) && pathMatches(by.path, rule.path);

/** The rule before it that takes everything which this one could; -1: none. */
export const coveredBy = (rules: readonly IdentifyRule[], at: number): number =>
  rules.slice(0, at).findIndex((earlier) => isCovered(rules[at]!, earlier));
