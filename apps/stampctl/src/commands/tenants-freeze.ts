import { TenantIdSchema } from '@lapidary/contracts/api/common';
import { UpdateTenantSchema } from '@lapidary/contracts/api/tenants';
import { frozen, thawed } from '@lapidary/contracts/tenant-labels';
import { z } from 'zod';
import { parseDurationMs } from '../context/duration.js';
import type { Command, Invocation } from '../invocation.js';
import { tenantFacts } from '../output/fleet-facts.js';
import { ReasonField } from './fields.js';

const Arguments = z.object({ tenant: TenantIdSchema, reason: ReasonField });

/** Labels are replaced as a whole: what was read is written back, and only at the version that was read. */
const relabel = async (
  invocation: Invocation,
  change: (labels: Readonly<Record<string, string>>) => Record<string, string>,
): Promise<void> => {
  const { args, options, output } = invocation;
  const { tenant: id, reason } = invocation.parse(Arguments, { tenant: args[0], reason: options.reason });
  const api = invocation.connect();
  const { value, etag } = await api.tenant(id);
  const labels = change(value.labels);
  const tenant = await api.updateTenant(id, etag, invocation.parse(UpdateTenantSchema, { labels, reason }));
  await output.result({ data: tenant, name: id, table: (view) => tenantFacts(tenant, view) });
};

/** Longer than a move's last moment by far; shorter than anybody may be locked out by what was forgotten. */
const forDefaultMs = 15 * 60_000;

/** `--for`: until when, null for "ever". */
const endOf = (asked: unknown, nowMs: number): number | null => {
  if (asked === 'ever') return null;
  return nowMs + (typeof asked === 'string' ? parseDurationMs(asked) : forDefaultMs);
};

export const tenantsFreeze: Command = async (invocation) => {
  const untilMs = endOf(invocation.options.for, Date.now());
  await relabel(invocation, (labels) => frozen(labels, untilMs));
  const end = untilMs === null ? 'Until it is taken back' : `Until ${new Date(untilMs).toISOString()}`;
  invocation.output.hint(
    `${end} its requests wait for a moment, then get 503 with Retry-After. Undo: stampctl tenants thaw ${invocation.args[0]}`,
  );
};

export const tenantsThaw: Command = async (invocation) => relabel(invocation, thawed);
