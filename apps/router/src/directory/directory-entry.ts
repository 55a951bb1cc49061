import { tenantStatuses } from '@lapidary/contracts/api/tenants';
import { DirectoryEntrySchema, stampKey, tenantKey, type DirectoryEntry } from '@lapidary/contracts/directory';
import { dnsLabelLengthMax, dnsLabelPattern, regionNameLengthMax, regionNamePattern, stampNamePattern } from '@lapidary/kernel/names';
import { cursorMax, epochMax } from './packed/tenant-record.js';

const keyOf = ({ body }: DirectoryEntry): string => (body.kind === 'tenant' ? tenantKey(body.tenant) : stampKey(body.stamp));

/** An entry as it came from a stream, a page or a disk; null where it isn't one, or is one that no table can hold. */
export const parseEntry = (value: unknown): DirectoryEntry | null => {
  const entry = isPlainTenant(value) ? value : (DirectoryEntrySchema.safeParse(value).data ?? null);
  if (!entry || entry.key !== keyOf(entry)) return null;
  const { cursor, committedAtMs, body } = entry;
  // Counted one by one, none of them is ever reached.
  return cursor > cursorMax || body.epoch > epochMax || committedAtMs < 0 || committedAtMs > cursorMax ? null : entry;
};

const entryFields = 4;
const plainTenantFields = 7;

/**
 * Whether it is a tenant's entry as nearly all are, which the schema would give back as it is: asked in a tenth of the time that the
 * schema takes. All others, those with a field more among them, are the schema's to judge.
 */
const isPlainTenant = (value: unknown): value is DirectoryEntry => {
  if (!isRecord(value) || fieldsOf(value) !== entryFields) return false;
  const { key, cursor, committedAtMs, body } = value;
  if (typeof key !== 'string' || !isCount(cursor) || cursor < 1 || !isCount(committedAtMs)) return false;
  if (!isRecord(body) || fieldsOf(body) !== plainTenantFields || body['kind'] !== 'tenant') return false;
  const { tenant, region, status, stamp, epoch, hosts } = body;
  return (
    isName(tenant, dnsLabelPattern, dnsLabelLengthMax) &&
    isName(region, regionNamePattern, regionNameLengthMax) &&
    (stamp === null || isName(stamp, stampNamePattern, dnsLabelLengthMax)) &&
    (tenantStatuses as readonly unknown[]).includes(status) &&
    isCount(epoch) &&
    Array.isArray(hosts) &&
    hosts.every((host) => typeof host === 'string')
  );
};

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const fieldsOf = (value: object): number => {
  let fields = 0;
  for (const _field in value) fields += 1;
  return fields;
};

/** Of what the table takes, none is below 0. */
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isName = (value: unknown, pattern: RegExp, lengthMax: number): boolean =>
  typeof value === 'string' && value.length <= lengthMax && pattern.test(value);
