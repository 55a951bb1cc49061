import type { DocumentOperation } from '@lapidary/contracts/api/collections';
import { AppError } from '@lapidary/kernel/app-error';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { CollectionsClient } from '@lapidary/stamp-sdk/collections/collections-client';
import { Random } from '../sim/random.js';

/** One collection of each kind, of the fleet. */
export const collections = {
  attributes: { scope: 'fleet', policy: { kind: 'lww' } },
  stock: { scope: 'fleet', policy: { kind: 'counter', bounded: true } },
  orders: { scope: 'fleet', policy: { kind: 'append' } },
  profiles: { scope: 'fleet', policy: { kind: 'document', genesis: { notes: [] } } },
} as const;
export type CollectionName = keyof typeof collections;
export const collectionNames = Object.keys(collections) as CollectionName[];

/** Few keys, so that regions meet at them. */
const keys = { attributes: 50, fields: 4, stock: 10, profiles: 20 };
const named = (name: string, n: number): string[] => Array.from({ length: n }, (_, i) => `${name}-${i}`);
const stockKeys = named('item', keys.stock);

/** What regions were told is done: what all of them must show in the end. */
export class Acknowledged {
  /** "document field" → region → the value of its last write since all regions agreed. */
  readonly lastOf = new Map<string, Map<string, string>>();
  /** "document field" → the value that they agreed on. */
  readonly agreedOn = new Map<string, unknown>();
  readonly orders = new Map<string, unknown>();
  /** Key → what all additions and subtractions come to. */
  readonly stock = new Map<string, number>();
  /** Key → notes. */
  readonly notes = new Map<string, Set<string>>();
  writes = 0;
  /** Sales that were refused since the region had no rights left. */
  soldOut = 0;
}

/** Defines the collections and writes every key once, so that no region has to be the first. Each region gets rights to sell. */
export const furnish = async (clients: ReadonlyMap<string, CollectionsClient>, define: Define, units: number): Promise<Acknowledged> => {
  const done = new Acknowledged();
  const [[firstRegion, first] = never()] = clients;
  for (const name of collectionNames) await define(firstRegion, name);
  await Promise.all([
    ...named('sku', keys.attributes).map((id) => first.put('attributes', id, {})),
    ...named('profile', keys.profiles).map((id) => first.put('profiles', id, { notes: [] })),
  ]);
  for (const client of clients.values()) {
    await whenDefined(client);
    await Promise.all(stockKeys.map((id) => client.operate('stock', id, [{ op: 'add', units }])));
  }
  for (const id of stockKeys) done.stock.set(id, units * clients.size);
  return done;
};
/** A collection is there once its definition has come from where it was made. */
const whenDefined = async (client: CollectionsClient): Promise<void> => {
  const known = async (): Promise<true | undefined> => {
    try {
      await client.operate('stock', 'known', [{ op: 'add', units: 1 }]);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code === 'not_found') return undefined;
      throw error;
    }
  };
  await waitFor('the definitions', known, { timeoutMs: 30_000 });
};
type Define = (region: string, name: CollectionName) => Promise<void>;
const never = (): never => {
  throw new Error('a world without regions');
};

/** Writes of one region, one after the other, out of a seed. Each is repeated until its outcome is known. */
export class Writer {
  private readonly random: Random;
  private count = 0;

  constructor(
    private readonly region: string,
    private readonly client: CollectionsClient,
    private readonly done: Acknowledged,
    private readonly seed: number,
  ) {
    this.random = new Random(seed);
  }

  async write(times: number, stop: () => boolean = () => false): Promise<void> {
    for (let i = 0; i < times && !stop(); i += 1) {
      await this.one();
      this.done.writes += 1;
    }
  }

  private async one(): Promise<void> {
    const what = this.random.next();
    const name = `${this.region}-${this.seed}-${(this.count += 1)}`;
    if (what < 0.4) return this.attribute(name);
    if (what < 0.6) return this.sell();
    if (what < 0.9) return this.order(name);
    return this.note(name);
  }

  private async attribute(value: string): Promise<void> {
    const [id, field] = [`sku-${this.random.below(keys.attributes)}`, `f${this.random.below(keys.fields)}`];
    await this.client.patch('attributes', id, { [field]: value });
    const place = `${id} ${field}`;
    const of = this.done.lastOf.get(place) ?? new Map<string, string>();
    this.done.lastOf.set(place, of.set(this.region, value));
  }

  private async sell(): Promise<void> {
    const id = this.random.pick(stockKeys);
    const units = 1 + this.random.below(3);
    const add = this.random.chance(0.2);
    const operation: DocumentOperation = add ? { op: 'add', units } : { op: 'subtract', units };
    try {
      await this.client.operate('stock', id, [operation]);
      this.done.stock.set(id, (this.done.stock.get(id) ?? 0) + (add ? units : -units));
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'rights_exhausted')) throw error;
      this.done.soldOut += 1;
    }
  }

  private async order(id: string): Promise<void> {
    const body = { from: this.region, lines: this.random.below(9) };
    await this.client.put('orders', id, body);
    this.done.orders.set(id, body);
  }

  private async note(text: string): Promise<void> {
    const id = `profile-${this.random.below(keys.profiles)}`;
    await this.client.operate('profiles', id, [{ op: 'insert', path: ['notes'], index: 0, values: [text] }]);
    const of = this.done.notes.get(id) ?? new Set<string>();
    this.done.notes.set(id, of.add(text));
  }
}
