import * as Automerge from '@automerge/automerge';
import type { Doc } from './live-documents.js';

/** One operation of a change, `<counter>@<actor>`. */
export interface Operation {
  readonly id: string;
  readonly action: string;
  /** The object that it writes in, and the key, where that is one of an object. */
  readonly obj: string;
  readonly key: string | undefined;
  /** The operations that it takes away or replaces. */
  readonly pred: readonly string[];
}
export interface Change {
  readonly hash: string;
  readonly deps: readonly string[];
  readonly operations: readonly Operation[];
}

/** An operation that takes something away or replaces it, and the change that it is of. */
export interface Remover {
  readonly change: Change;
  readonly by: Operation;
}

/** Automerge’s name of the document itself. */
export const rootObject = '_root';

/** A change with its operations by name. */
export const decodeChange = (bytes: Uint8Array): Change => {
  const { hash, deps, startOp, actor, ops } = Automerge.decodeChange(bytes);
  return {
    hash,
    deps,
    operations: ops.map(({ action, obj, key, pred }, i) => ({ id: `${startOp + i}@${actor}`, action, obj, key, pred: pred ?? [] })),
  };
};

/** Every change of a document, and who took what away. */
export class DocumentHistory {
  private readonly changes: ReadonlyMap<string, Change>;
  private readonly makers = new Map<string, Operation>();
  private readonly removers = new Map<string, Remover[]>();
  private readonly known = new Map<string, ReadonlySet<string>>();

  constructor(doc: Doc) {
    this.changes = new Map(
      Automerge.getAllChanges(doc)
        .map((bytes) => decodeChange(bytes))
        .map((change) => [change.hash, change]),
    );
    for (const change of this.changes.values())
      for (const by of change.operations) {
        if (by.action.startsWith('make')) this.makers.set(by.id, by);
        for (const id of by.pred) this.removers.set(id, [...(this.removers.get(id) ?? []), { change, by }]);
      }
  }

  all(): Iterable<Change> {
    return this.changes.values();
  }

  /** The object and all that it is in, from within. */
  around(object: string): string[] {
    const found: string[] = [];
    for (let at: string | undefined = object; at !== undefined && at !== rootObject; at = this.makers.get(at)?.obj) found.push(at);
    return found;
  }

  makerOf(object: string): Operation | undefined {
    return this.makers.get(object);
  }

  removersOf(object: string): readonly Remover[] {
    return this.removers.get(object) ?? [];
  }

  /** Whether the author of one change had seen another, or made both in one. */
  knew({ hash }: Change, other: Change): boolean {
    let known = this.known.get(hash);
    if (!known) {
      const seen = new Set<string>();
      const ahead = [hash];
      for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
        if (seen.has(next)) continue;
        seen.add(next);
        ahead.push(...(this.changes.get(next)?.deps ?? []));
      }
      this.known.set(hash, (known = seen));
    }
    return known.has(other.hash);
  }
}
