import type { Change, Item } from './workload.ts';

/** Two replicas with a wire between them that can be cut. `side` is 0 or 1. */
export interface Subject {
  readonly name: string;
  /** What a reader of the table must know to compare it fairly. */
  readonly keeps: string;
  /** Both sides hold these and are joined when it resolves. */
  start(items: readonly { readonly id: string; readonly item: Item }[]): Promise<void>;
  cut(): Promise<void>;
  write(side: 0 | 1, changes: readonly Change[]): Promise<void>;
  heal(): Promise<void>;
  /** Cheap, asked every few milliseconds: whether they look alike. */
  same(): Promise<boolean>;
  /** Everything that users of a side see, by id. */
  read(side: 0 | 1): Promise<ReadonlyMap<string, Item>>;
  /** Bytes over the wire so far, both ways. */
  bytes(): number;
  /** Items of which a side keeps a losing version that a person must look at; null: it keeps none. */
  conflicts(): Promise<number | null>;
  stop(): Promise<void>;
}
