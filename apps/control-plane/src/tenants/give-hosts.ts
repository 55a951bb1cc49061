import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { othersClaims, writeClaims } from './host-claims.js';
import type { TenantRow, TenantTools } from './tenant-row.js';

/**
 * Gives a tenant of this region exactly these host names beside its default one, and returns which came or went. A name that it had keeps its time.
 * Throws `name_taken` where another tenant claims one, `invalid_input` for a name below the base domain: those are the tenants' default ones.
 */
export const giveHosts = async (tx: Tx, tools: TenantTools, row: TenantRow, hosts: readonly string[]): Promise<string[]> => {
  const has = row.host_claims ?? {};
  const given = hosts.filter((host) => has[host] === undefined);
  const { baseDomain: base } = tools;
  const below = given.find((host) => host === base || host.endsWith(`.${base}`));
  if (below !== undefined) {
    throw refusal('invalid_input', hosts.indexOf(below), `${below} is below ${base}, where every name is the default one of a tenant`);
  }
  const now = tools.clock.tick();
  const moved = await writeClaims(tx, row.id, Object.fromEntries(hosts.map((host) => [host, has[host] ?? now])));
  // Behind the locks of the names: who was given one of them meanwhile has committed.
  const [taken] = await othersClaims(tx, row.id, given);
  if (taken) throw refusal('name_taken', hosts.indexOf(taken.hostname), `${taken.hostname} is a host name of tenant ${taken.tenant}`);
  return moved;
};

const refusal = (code: 'name_taken' | 'invalid_input', index: number, message: string): AppError =>
  new AppError(code, message, { fields: [{ path: `hosts.${index}`, message }] });
