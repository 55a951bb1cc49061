import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import { keyOfChange, keyText } from '@lapidary/replication/collections/collection-store';
import { isCovered, type Register, type Seen } from '@lapidary/replication/merge/register';

interface Happened {
  readonly at: string;
  readonly region: string;
}
interface Operation extends Happened {
  readonly units: number;
  /** The counter's life that its writer knew of. */
  readonly life: number;
}
interface Purge {
  readonly life: number;
  readonly seen: Seen;
}

const aliveOf = ({ change }: DocumentChanged): Register => (change as unknown as { alive: Register }).alive;
const lifeOf = ({ change }: DocumentChanged): number => Math.max(0, ...Object.keys((change as { begun?: object }).begun ?? {}).map(Number));
const happened = (changed: DocumentChanged): Happened => {
  const [{ at }] = aliveOf(changed).siblings as [{ at: string }];
  return { at, region: at.slice(19) };
};
const isIn = ({ at, region }: Happened, seen: Seen): boolean => isCovered({ [region]: at }, seen);

/** What happened to numbers of counters and words of nested documents, which a purge ends. Knows nothing of merging. */
export class Lives {
  private readonly operations = new Map<string, Operation[]>();
  private readonly purges = new Map<string, Purge[]>();
  private readonly words = new Map<string, Map<string, Happened>>();

  counted(changed: DocumentChanged, units: number): void {
    const key = keyText(keyOfChange(changed));
    this.operations.set(key, [...(this.operations.get(key) ?? []), { ...happened(changed), units, life: lifeOf(changed) }]);
  }

  worded(changed: DocumentChanged, word: string): void {
    const key = keyText(keyOfChange(changed));
    this.words.set(key, (this.words.get(key) ?? new Map<string, Happened>()).set(word, happened(changed)));
  }

  /** Everything that a document held was replaced by who saw it. */
  emptied(key: string, held: string): void {
    for (const word of this.words.get(key)?.keys() ?? []) if (held.includes(`"${word}"`)) this.words.get(key)!.delete(word);
  }

  purged(changed: DocumentChanged): void {
    const key = keyText(keyOfChange(changed));
    this.purges.set(key, [...(this.purges.get(key) ?? []), { life: lifeOf(changed), seen: aliveOf(changed).seen }]);
  }

  /** Key → its number: since its last purge, unless somebody who had not heard of that wrote on; then since the one before. */
  numbers(): ReadonlyMap<string, { readonly expected: number; readonly isBroken: boolean }> {
    return new Map(
      [...this.operations].map(([key, all]) => {
        const purges = [...(this.purges.get(key) ?? [])].sort((a, b) => b.life - a.life);
        const holds = purges.find(({ life, seen }) => all.every((o) => o.life >= life || isIn(o, seen)));
        const counted = all.filter((o) => o.life >= (holds?.life ?? 0));
        return [key, { expected: counted.reduce((sum, o) => sum + o.units, 0), isBroken: holds?.life !== purges[0]?.life }];
      }),
    );
  }

  /** Key → words that nobody who saw them took out, or deleted with their document. */
  kept(): ReadonlyMap<string, readonly string[]> {
    const isGone = (key: string, word: Happened): boolean => (this.purges.get(key) ?? []).some(({ seen }) => isIn(word, seen));
    return new Map([...this.words].map(([key, words]) => [key, [...words].filter(([, word]) => !isGone(key, word)).map(([text]) => text)]));
  }
}
