import { AppError } from '@lapidary/kernel/app-error';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** "90s", "5m", "1h", "7d"; a bare number means seconds. */
export const parseDurationMs = (text: string): number => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|min|h|d)?$/.exec(text.trim());
  const ms = match ? Number(match[1]) * unitMs[match[2] ?? 's']! : 0;
  if (ms <= 0) throw new AppError('usage', `"${text}" is not a duration`, { details: { check: 'Write 90s, 5m, 1h or 7d.' } });
  return ms;
};
