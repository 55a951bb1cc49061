import { AppError } from '@lapidary/kernel/app-error';

/** Strong ETag of a row: its version number, quoted (RFC 9110 §8.8.3). */
export const etagOf = (version: number): string => `"${version}"`;

const anyVersion = '*';

/**
 * Refuses with version_conflict (412) where If-Match names other versions than the present one. Call it after the row
 * was locked (`FOR UPDATE`), else another change may come in between.
 */
export const requireMatch = (ifMatch: string | undefined, version: number): void => {
  if (ifMatch === undefined || ifMatch.trim() === anyVersion) return;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (tags.includes(etagOf(version))) return;
  throw new AppError('version_conflict', `It is at version ${version}; If-Match asked for ${ifMatch.slice(0, 100)}`, {
    details: { version },
  });
};
