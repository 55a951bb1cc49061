/** Postgres has no place for the character U+0000. */
export const textOf = (text: string): string => text.replaceAll('\u0000', '');

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

/** Whatever came, as jsonb takes it. What is nested too deep for that can't be kept, and could never be applied. */
export const jsonOf = (raw: unknown): string => {
  if (isTooDeep(raw)) {
    const { id, type, subject } = raw as Record<string, unknown>;
    const shown = (value: unknown): string | null => (typeof value === 'string' ? textOf(value) : null);
    return JSON.stringify({ id: shown(id), type: shown(type), subject: shown(subject), data: null, tooDeep: true });
  }
  return (JSON.stringify(raw) ?? 'null').replaceAll('\\u0000', '');
};
