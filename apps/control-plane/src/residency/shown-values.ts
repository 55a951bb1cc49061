import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { hasRole, type Principal } from '../auth/principal.js';
import { notHeldHere } from './holding.js';

/**
 * Of these tenants, those whose documents' values the caller must not be shown: who is no operator here sees none, a question that
 * came through another region gets none of a tenant that has a residency, since the answer would pass through there (I3), and nobody is
 * shown what must not be here, and is about to be removed.
 */
export const valuesWithheldFrom = async (
  reader: Reader,
  principal: Principal | null,
  region: string,
  tenants: readonly string[],
): Promise<ReadonlySet<string>> => {
  if (principal === null || !hasRole(principal, 'operator', region)) return new Set(tenants);
  if (principal.via !== 'peer') return await notHeldHere(reader, tenants);
  return await withResidency(reader, tenants);
};

/** Of these tenants, those whose documents may not be everywhere; also one that nobody here knows. */
export const withResidency = async (reader: Reader, tenants: readonly string[]): Promise<ReadonlySet<string>> => {
  if (tenants.length === 0) return new Set();
  const free = await rowsOf<{ id: string }>(reader, 'SELECT id FROM tenant WHERE id = ANY ($1) AND cardinality(residency) = 0', [tenants]);
  const everywhere = new Set(free.map((r) => r.id));
  return new Set(tenants.filter((t) => !everywhere.has(t)));
};

/** Tenant and id of a subject `document/<collection>/<tenant>/<id>`; null where it is about something else. */
const documentOf = (subject: string): { readonly tenant: string; readonly id: string } | null => {
  const [noun, , tenant, id] = subject.split('/');
  return noun === 'document' && tenant !== undefined && id !== undefined && id !== '' ? { tenant, id } : null;
};

/** In place of a document's id. No id looks like it. */
export const withheld = '(withheld)';

export interface OfSubject {
  readonly subject: string;
  /** May name the subject. */
  readonly error?: string;
}

/**
 * As everybody may be told of them: which document of a tenant that has a residency they are about is left out (I3). `asked` is the
 * subject that was asked for: who may not be told which document it is must not learn it by asking either.
 */
export const subjectsToldToAll = async <T extends OfSubject>(reader: Reader, rows: readonly T[], asked?: string): Promise<T[]> => {
  const hidden = await withResidency(reader, [...new Set(rows.flatMap(({ subject }) => documentOf(subject)?.tenant || []))]);
  return rows.flatMap((row) => {
    const document = documentOf(row.subject);
    if (!document || !hidden.has(document.tenant)) return [row];
    if (asked !== undefined) return [];
    const subject = row.subject.slice(0, -document.id.length) + withheld;
    const error = row.error?.replaceAll(document.id, withheld);
    return [{ ...row, subject, ...(error === undefined ? {} : { error }) }];
  });
};

/** As this caller may see them: what is said to another region passes there. */
export const subjectsShownTo = async <T extends OfSubject>(
  reader: Reader,
  principal: Principal | null,
  rows: readonly T[],
  asked?: string,
): Promise<T[]> => (principal?.via === 'peer' ? await subjectsToldToAll(reader, rows, asked) : [...rows]);

/** One side of a conflict without its value: when and where it was written stays. */
export const sideWithoutValue = (side: unknown): unknown => {
  const { at, region } = (typeof side === 'object' && side !== null ? side : {}) as { at?: unknown; region?: unknown };
  return { at, region, withheld: true };
};
