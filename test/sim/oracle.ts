import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import { canonicalJson } from '@lapidary/kernel/canonical-json';
import { own } from '@lapidary/replication/merge/json';
import { emptyRegister, type Register } from '@lapidary/replication/merge/register';
import { keyOfChange, keyText } from '@lapidary/replication/collections/collection-store';
import type { MemoryDatabase, OutboxEvent } from './memory-collections.ts';
import { Lives } from './oracle-lives.ts';

interface Write {
  readonly key: string;
  readonly field: string;
  readonly at: string;
  readonly value: unknown;
  /** The event that told of it. */
  readonly told: string;
  /** Times of the values that it took the place of. */
  readonly over: readonly string[];
}

/**
 * What really happened, kept beside the regions and never told to them: every committed write with what its writer had
 * before it. Knows nothing of merging.
 */
export class Oracle {
  private readonly told: {
    readonly event: string;
    readonly isNested: boolean;
    readonly learn: (isGone: boolean, lost: ReadonlySet<string>) => void;
  }[] = [];
  /** Write that is gone with a database → what it had replaced: gone too where somebody has replaced the write itself. */
  private readonly gone = new Map<string, readonly string[]>();
  readonly writes = new Map<string, Write>();
  readonly replaced = new Set<string>();
  readonly entries = new Map<string, Set<string>>();
  readonly lives = new Lives();

  /** A transaction that wrote has committed: `before` is the database it began with. `note` is what its writer says of it. */
  committed(before: MemoryDatabase, event: OutboxEvent, note: (before: MemoryDatabase, changed: DocumentChanged) => void): void {
    this.told.push({
      event: event.id,
      isNested: 'parts' in ((event.data as Partial<DocumentChanged>).change ?? {}),
      learn: (isGone, lost) => {
        if (before.recovery.state === 'holding') this.giveUp(event, lost);
        this.learn(before, event, isGone);
        if (!isGone) note(before, event.data as DocumentChanged);
      },
    });
  }

  /**
   * What really happened, at the end: everything but the events that a restored region had told after its backup (`lost`) and that have
   * no effect anywhere any more, and changes of nested documents that follow such (`hangs`).
   */
  settle(lost: ReadonlySet<string>, kept: ReadonlySet<string>, hangs: (event: string) => boolean): void {
    for (const { event, isNested, learn } of this.told) learn((lost.has(event) && !kept.has(event)) || (isNested && hangs(event)), lost);
  }

  /**
   * A region that was opened without another one writes a field anew: what it had written there itself, has forgotten, and that one alone
   * knows is given up (R3: a region's later write stands for its earlier ones).
   */
  private giveUp({ data }: OutboxEvent, lost: ReadonlySet<string>): void {
    const changed = data as DocumentChanged;
    if (!('fields' in (changed.change ?? {}))) return;
    const key = keyText(keyOfChange(changed));
    for (const [field, { siblings }] of Object.entries(changed.change['fields'] as Record<string, Register>))
      for (const [name, write] of this.writes)
        if (
          write.key === key &&
          write.field === field &&
          lost.has(write.told) &&
          siblings.some((s) => s.at.slice(19) === write.at.slice(19))
        )
          this.replace([name]);
  }

  private replace(names: readonly string[]): void {
    for (const name of names) {
      this.replaced.add(name);
      this.replace(this.gone.get(name) ?? []);
    }
  }

  private learn(before: MemoryDatabase, event: OutboxEvent, isGone: boolean): void {
    if (event.type !== 'lapidary.document.changed.v1') return;
    const changed = event.data as DocumentChanged;
    const key = keyText(keyOfChange(changed));
    const state = before.documents.get(key)?.stored.state ?? before.graves.get(key)?.grave.contents?.state;
    if ('variants' in changed.change && !isGone) {
      const known = this.entries.get(key) ?? new Set<string>();
      for (const variant of changed.change.variants as { digest: string }[]) known.add(variant.digest);
      this.entries.set(key, known);
    }
    if (!('fields' in changed.change)) return;
    const had = state?.kind === 'lww' ? state.fields : {};
    for (const [field, register] of Object.entries(changed.change.fields as Record<string, Register>)) {
      const siblings = (own(had, field) ?? emptyRegister).siblings;
      const [written] = register.siblings;
      // A change that is told whole repeats fields that it did not write.
      if (register.siblings.length !== 1 || siblings.some((s) => s.at === written!.at)) continue;
      const over = siblings.map((s) => s.at);
      const names = over.map((at) => `${key} ${field} ${at}`);
      if (isGone) this.gone.set(`${key} ${field} ${written!.at}`, names);
      else this.replace(names);
      if (!isGone)
        this.writes.set(`${key} ${field} ${written!.at}`, { key, field, at: written!.at, value: written!.value, told: event.id, over });
    }
  }

  /** Whether the writer at `later` had, directly or by way of others, the value written at `earlier`. */
  saw(key: string, field: string, later: string, earlier: string): boolean {
    const seen = new Set<string>();
    const open = [later];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      open.push(...(this.writes.get(`${key} ${field} ${at}`)?.over ?? []));
    }
    return later !== earlier && seen.has(earlier);
  }
}

export const sameValue = (a: unknown, b: unknown): boolean => canonicalJson({ value: a }) === canonicalJson({ value: b });
