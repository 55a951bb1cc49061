import { domainToASCII } from 'node:url';
import { stampKey, tenantKey, type DirectoryEntry } from '@lapidary/contracts/directory';
import { addToRoot, entryHash, formatRoot } from '@lapidary/contracts/directory-digest';

/** For tests: a host as a request names it. */
export const asAsked = (host: string): string => (/[^\x00-\x7f]/.test(host) ? domainToASCII(host) : host.toLowerCase());

/** For tests: the rules of the directory over plain maps, to compare the packed one with. */
export class TableModel {
  readonly entries = new Map<string, DirectoryEntry>();
  readonly hosts = new Map<string, string>();

  apply(entry: DirectoryEntry): boolean {
    const held = this.entries.get(entry.key);
    if (held && held.cursor >= entry.cursor) return false;
    this.entries.set(entry.key, entry);
    const { body } = entry;
    if (held?.body.kind === 'tenant')
      for (const host of held.body.hosts.map(asAsked)) if (this.hosts.get(host) === held.body.tenant) this.hosts.delete(host);
    if (body.kind !== 'tenant') return true;
    for (const host of body.hosts.map(asAsked)) {
      const holder = this.hosts.get(host);
      const other = holder === undefined ? undefined : this.entries.get(tenantKey(holder));
      if (!other || other.cursor <= entry.cursor) this.hosts.set(host, body.tenant);
    }
    return true;
  }

  digest(): { cursor: number; count: number; root: string } {
    let root = 0n;
    let cursor = 0;
    for (const entry of this.entries.values()) {
      root = addToRoot(root, entryHash(entry.key, entry.cursor));
      cursor = Math.max(cursor, entry.cursor);
    }
    return { cursor, count: this.entries.size, root: formatRoot(root) };
  }
}

export const tenantEntry = (
  tenant: string,
  cursor: number,
  over: { epoch?: number; hosts?: string[]; stamp?: string | null; strictIn?: string[] } = {},
) => ({
  key: tenantKey(tenant),
  cursor,
  committedAtMs: 1_764_000_000_000 + cursor,
  body: { kind: 'tenant' as const, tenant, region: 'eu', status: 'placed' as const, stamp: 'eu-1', epoch: 1, hosts: [], ...over },
});

export const stampEntry = (stamp: string, cursor: number, frontDoors: string[] = ['http://127.0.0.1:1']): DirectoryEntry => ({
  key: stampKey(stamp),
  cursor,
  committedAtMs: 1_764_000_000_000 + cursor,
  body: { kind: 'stamp', stamp, region: 'eu', status: 'active', epoch: 1, frontDoors },
});
