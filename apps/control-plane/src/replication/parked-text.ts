/** Postgres has no place for the character U+0000, nor jsonb for half of a surrogate pair. */
export const textOf = (text: string): string => text.replaceAll('\u0000', '').toWellFormed();

/** Of jsonb Postgres takes some thousand levels by its stack; nobody writes a tenth of this. */
const depthMax = 200;

const isTooDeep = (value: unknown): boolean => {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depthMax) return true;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return false;
};

/** Text by text: in the JSON of all of it, what somebody wrote about an escape looks like one. */
const kept = (value: unknown): unknown => {
  if (typeof value === 'string') return textOf(value);
  if (Array.isArray(value)) return value.map(kept);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [textOf(name), kept(item)]));
};

/** Whatever came, as jsonb takes it. What is nested too deep for that can't be kept, and could never be applied. */
export const jsonOf = (raw: unknown): string => {
  if (isTooDeep(raw)) {
    const { id, type, subject } = raw as Record<string, unknown>;
    const shown = (value: unknown): string | null => (typeof value === 'string' ? textOf(value) : null);
    return JSON.stringify({ id: shown(id), type: shown(type), subject: shown(subject), data: null, tooDeep: true });
  }
  return JSON.stringify(kept(raw)) ?? 'null';
};
