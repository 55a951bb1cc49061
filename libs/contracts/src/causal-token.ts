/**
 * What a reader has seen, to be carried to another region: region → how far into its log, and events of it that had no
 * sequence yet when they were seen (a write is answered before its event is numbered). Text form:
 * `eu=1.42~01K…,us=1.7`: epoch, sequence, event ids.
 */
export interface CausalEntry {
  readonly epoch: number;
  readonly sequence: number;
  readonly events: readonly string[];
}
export type CausalToken = ReadonlyMap<string, CausalEntry>;

/** More writes than this in flight to one region at once, and the oldest are taken as arrived. */
const eventsMax = 8;
const entryPattern = /^([a-z](?:[a-z0-9]|-(?=[a-z])){0,19})=(\d{1,9})\.(\d{1,15})((?:~[0-9A-HJKMNP-TV-Z]{26}){0,8})$/;
/** A few dozen regions; longer headers are rubbish. */
const regionsMax = 64;

/** Null where it is none of ours. */
export const parseCausalToken = (text: string): CausalToken | null => {
  const parts = text === '' ? [] : text.split(',');
  if (parts.length > regionsMax) return null;
  const token = new Map<string, CausalEntry>();
  for (const part of parts) {
    const m = entryPattern.exec(part.trim());
    if (!m) return null;
    token.set(m[1]!, { epoch: Number(m[2]), sequence: Number(m[3]), events: m[4]!.split('~').slice(1) });
  }
  return token;
};

export const formatCausalToken = (token: CausalToken): string =>
  [...token]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([region, { epoch, sequence, events }]) => `${region}=${epoch}.${sequence}${events.map((e) => `~${e}`).join('')}`)
    .join(',');

const later = (a: CausalEntry, b: CausalEntry): boolean => (a.epoch !== b.epoch ? a.epoch > b.epoch : a.sequence > b.sequence);

/** Everything that either has seen. */
export const mergeCausalTokens = (a: CausalToken, b: CausalToken): CausalToken => {
  const merged = new Map(a);
  for (const [region, entry] of b) {
    const known = merged.get(region);
    if (!known) {
      merged.set(region, entry);
      continue;
    }
    const { epoch, sequence } = later(known, entry) ? known : entry;
    // Ids are ULIDs: the latest sort last.
    merged.set(region, { epoch, sequence, events: [...new Set([...known.events, ...entry.events])].sort().slice(-eventsMax) });
  }
  return merged;
};
