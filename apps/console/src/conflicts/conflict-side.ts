/** One of two values that met: where and when it was written. A side of another form is its value as a whole. */
export interface ConflictSide {
  readonly region: string | null;
  readonly at: string | null;
  readonly value: unknown;
}

export const sideOf = (side: unknown): ConflictSide => {
  if (typeof side !== 'object' || side === null || !('at' in side || 'region' in side)) return { region: null, at: null, value: side };
  const { region, at, value } = side as { region?: unknown; at?: unknown; value?: unknown };
  const textOf = (part: unknown): string | null => (typeof part === 'string' ? part : null);
  return { region: textOf(region), at: textOf(at), value: value ?? null };
};
