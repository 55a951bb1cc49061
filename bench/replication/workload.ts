import { Random } from '../../test/sim/random.js';

/** What every subject holds and is asked to do; the same for all, out of one seed. */
export type Field = string | number;
export type Item = Readonly<Record<string, Field>>;
/** Fields that one write sets in one item. */
export interface Change {
  readonly id: string;
  readonly fields: Item;
}

const words = ['amber', 'basalt', 'cobalt', 'delta', 'ember', 'flint', 'garnet', 'halite'];
const texts = ['name', 'currency', 'warehouse', 'status', 'editor', 'note'] as const;
const numbers = ['weight', 'price', 'length', 'width'] as const;
export const fieldNames: readonly string[] = [...texts, ...numbers];
export const isNumber = (field: string): boolean => (numbers as readonly string[]).includes(field);

const idOf = (i: number): string => `item-${String(i).padStart(6, '0')}`;
const valueOf = (random: Random, field: string): Field =>
  isNumber(field) ? random.below(100_000) : `${random.pick(words)}-${random.pick(words)}-${random.below(1_000)}`;

/** Items of ten fields, about 200 bytes of JSON each. */
export const itemsOf = (n: number): { readonly id: string; readonly item: Item }[] => {
  const random = new Random(42);
  return Array.from({ length: n }, (_, i) => ({
    id: idOf(i),
    item: Object.fromEntries(fieldNames.map((field) => [field, valueOf(random, field)])),
  }));
};

/** Two sides' changes of two fields each; half of the items of one are also changed by the other. */
export const changesOf = (n: number, k: number, round: number): readonly [readonly Change[], readonly Change[]] => {
  const random = new Random(1_000 + round);
  const start = random.below(n);
  const side = (offset: number): Change[] =>
    Array.from({ length: k }, (_, i) => {
      const first = random.pick(fieldNames);
      const second = random.pick(fieldNames.filter((field) => field !== first));
      return {
        id: idOf((start + offset + i) % n),
        fields: { [first]: valueOf(random, first), [second]: valueOf(random, second) },
      };
    });
  return [side(0), side(Math.floor(k / 2))];
};

/** What says the same in the tightest form that still names item and fields: the measure of bytes on the wire. */
export const bareBytes = (changes: readonly Change[]): number =>
  changes.reduce((sum, { id, fields }) => sum + Buffer.byteLength(id) + Buffer.byteLength(JSON.stringify(fields)), 0);
