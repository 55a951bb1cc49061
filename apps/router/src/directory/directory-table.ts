import { addToRoot, entryHash, formatRoot, removeFromRoot } from '@lapidary/contracts/directory-digest';
import {
  DirectoryEntrySchema,
  stampKey,
  tenantKey,
  type DirectoryEntry,
  type StampRoute,
  type TenantRoute,
} from '@lapidary/contracts/directory';

export interface TableDigest {
  readonly generation: string;
  readonly cursor: number;
  readonly count: number;
  readonly root: string;
}

export interface HeldEntry {
  readonly entry: DirectoryEntry;
  /** When this router learned of it; 0 where it came with a whole directory. */
  readonly appliedAtMs: number;
}

const keyOf = ({ body }: DirectoryEntry): string => (body.kind === 'tenant' ? tenantKey(body.tenant) : stampKey(body.stamp));

/** An entry as it came from a stream, a page or a disk; null where it isn't one. */
export const parseEntry = (value: unknown): DirectoryEntry | null => {
  const parsed = DirectoryEntrySchema.safeParse(value);
  return parsed.success && parsed.data.key === keyOf(parsed.data) ? parsed.data : null;
};

const lowerCase = (host: string): string => host.toLowerCase();

/**
 * The directory of one generation in memory. An entry replaces another only with a higher cursor, so that entries may
 * come in any order and any number of times (I6), and an older copy can't take a newer placement back (I1).
 */
export class DirectoryTable {
  private readonly entries = new Map<string, HeldEntry>();
  private readonly hosts = new Map<string, string>();
  private root = 0n;
  private cursor = 0;

  constructor(readonly generation: string) {}

  /** Whether the entry was newer than what was held. */
  apply(entry: DirectoryEntry, appliedAtMs = 0): boolean {
    const held = this.entries.get(entry.key)?.entry;
    if (held && held.cursor >= entry.cursor) return false;
    if (held) this.root = removeFromRoot(this.root, entryHash(held.key, held.cursor));
    this.root = addToRoot(this.root, entryHash(entry.key, entry.cursor));
    this.cursor = Math.max(this.cursor, entry.cursor);
    this.entries.set(entry.key, { entry, appliedAtMs });
    this.indexHosts(held, entry);
    return true;
  }

  tenant(id: string): TenantRoute | undefined {
    const body = this.entries.get(tenantKey(id))?.entry.body;
    return body?.kind === 'tenant' ? body : undefined;
  }

  stamp(name: string): StampRoute | undefined {
    const body = this.entries.get(stampKey(name))?.entry.body;
    return body?.kind === 'stamp' ? body : undefined;
  }

  tenantOfHost(host: string): string | undefined {
    return this.hosts.get(host);
  }

  held(key: string): HeldEntry | undefined {
    return this.entries.get(key);
  }

  get digest(): TableDigest {
    return { generation: this.generation, cursor: this.cursor, count: this.entries.size, root: formatRoot(this.root) };
  }

  /** All entries as of now; entries are never changed in place, so the list stays true to its moment. */
  all(): DirectoryEntry[] {
    return Array.from(this.entries.values(), ({ entry }) => entry);
  }

  frontDoors(): Set<string> {
    const doors = new Set<string>();
    for (const { entry } of this.entries.values())
      if (entry.body.kind === 'stamp') for (const door of entry.body.frontDoors) doors.add(door);
    return doors;
  }

  /** A host that has moved on to another tenant stays with that one, whichever entry comes first. */
  private indexHosts(before: DirectoryEntry | undefined, after: DirectoryEntry): void {
    if (before?.body.kind === 'tenant') {
      const { tenant, hosts } = before.body;
      for (const name of hosts.map(lowerCase)) if (this.hosts.get(name) === tenant) this.hosts.delete(name);
    }
    if (after.body.kind !== 'tenant') return;
    for (const name of after.body.hosts.map(lowerCase)) {
      const holder = this.hosts.get(name);
      const other = holder === undefined ? undefined : this.entries.get(tenantKey(holder))?.entry;
      if (!other || other.cursor <= after.cursor) this.hosts.set(name, after.body.tenant);
    }
  }
}
