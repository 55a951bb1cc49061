import { ByteReader, MalformedBytes } from './bytes.js';
import { readLeaves } from './leaf-columns.js';
import { leaf, type LeafKind } from './leaf-kinds.js';
import { readShapes, type ContainerShape, type Shape } from './shapes.js';
import { LatelyMet } from './times.js';

const kindsMax = 16;
/** The key of what lies in no object: the first that is known. */
export const noKey = 0;
/** Leaves of one kind under one key are a column. */
export const columnName = (keyId: number, kind: LeafKind): number => keyId * kindsMax + kind;

/** More than any batch or answer has (packed-batch.ts), and little enough to hold: columns tell of large things in few bytes. */
const nodesMax = 1_000_000;
const charactersMax = 8 * 1024 * 1024;
const tooMuch = (): MalformedBytes => new MalformedBytes('there is more in it than in anything of ours');

/** Throws MalformedBytes for what writeColumns never wrote, and for more than it writes of a batch or an answer. */
export const readColumns = (bytes: Uint8Array): unknown => new ColumnsReader(new ByteReader(bytes)).read();

interface Column {
  readonly kind: LeafKind;
  count: number;
  next: () => unknown;
}

/** What is under a shape, wherever that is met: in an array also by the key that the array is under, which is that of its leaves. */
interface Plan {
  readonly next: null;
  readonly shape: ContainerShape;
  readonly children: readonly (Plan | Column)[];
  /** How many there are of it. */
  count: number;
}

/**
 * Shapes are looked at once each, however many have them: where their leaves are, and how many of each. Then values are made one after the
 * other, without anything to look up.
 */
class ColumnsReader {
  private readonly columns = new Map<number, Column>();
  private readonly plans = new Map<ContainerShape, Map<number, Plan>>();
  /** Each behind all that it holds. */
  private readonly inOrder: Plan[] = [];
  /** Each is met at least once where values are made. */
  private met = 0;
  private characters = 0;

  constructor(private readonly from: ByteReader) {}

  read(): unknown {
    const root = this.planOf(readShapes(this.from), noKey);
    this.count(root);
    const lately = new LatelyMet();
    for (const column of this.columns.values()) column.next = this.leavesOf(column, lately);
    if (this.from.left > 0) throw new MalformedBytes('something follows its end');
    return this.build(root);
  }

  /** Columns are written in the order in which a walk first meets them; what is met again has none that was not met before. */
  private planOf(shape: Shape, keyId: number): Plan | Column {
    if ((this.met += 1) > nodesMax) throw tooMuch();
    if (shape.leaf !== null) return this.columnOf(shape.leaf, keyId);
    const under = shape.isArray ? keyId : noKey;
    let plans = this.plans.get(shape);
    if (plans === undefined) this.plans.set(shape, (plans = new Map()));
    const known = plans.get(under);
    if (known !== undefined) return known;
    const { isArray, keyIds } = shape;
    const plan: Plan = {
      next: null,
      shape,
      children: shape.children.map((child, i) => this.planOf(child, isArray ? keyId : keyIds[i]!)),
      count: 0,
    };
    plans.set(under, plan);
    this.inOrder.push(plan);
    return plan;
  }

  private columnOf(kind: LeafKind, keyId: number): Column {
    const name = columnName(keyId, kind);
    let column = this.columns.get(name);
    if (column === undefined) this.columns.set(name, (column = { kind, count: 0, next: () => null }));
    return column;
  }

  /** Before anything is made: a few shapes within shapes can tell of more than any memory holds. */
  private count(root: Plan | Column): void {
    root.count = 1;
    let nodes = 1;
    for (const { count, children } of this.inOrder.reverse()) {
      if ((nodes += count * children.length) > nodesMax) throw tooMuch();
      for (const child of children) child.count += count;
    }
  }

  private leavesOf({ kind, count }: Column, lately: LatelyMet): () => unknown {
    const next = readLeaves(this.from, kind, count, lately);
    if (kind < leaf.text) return next;
    return () => {
      const value = next();
      if (typeof value === 'string' && (this.characters += value.length) > charactersMax) throw tooMuch();
      return value;
    };
  }

  private build(what: Plan | Column): unknown {
    if (what.next !== null) return what.next();
    const { shape, children } = what;
    if (shape.isArray) {
      const list: unknown[] = [];
      for (const child of children) list.push(child.next === null ? this.build(child) : child.next());
      return list;
    }
    const { keys } = shape;
    const object: Record<string, unknown> = {};
    for (let i = 0; i < children.length; i += 1) {
      const child = children[i]!;
      set(object, keys[i]!, child.next === null ? this.build(child) : child.next());
    }
    return object;
  }
}

/** As JSON.parse does it: a key of this name is one like any other. */
const set = (object: Record<string, unknown>, key: string, value: unknown): void => {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
};
