import { ByteReader, ByteWriter, MalformedBytes } from './bytes.js';
import { LeafWriter, readLeaves, TextSorter } from './leaf-columns.js';
import { leaf, type LeafKind } from './leaf-kinds.js';
import { depthMax, readShapes, ShapesWriter, type Shape } from './shapes.js';
import { LatelyMet } from './times.js';

/**
 * JSON by columns: what values have in common is written once (shapes.ts), and leaves lie beside others of their kind under the same key
 * (leaf-columns.ts), where they differ by little. Many events of one form are a tenth of their JSON before anything compresses them,
 * and compress to less than JSON does. The form: shapes, root, columns in the order in which a walk first meets them. What is read is
 * equal to what was written, with its keys in their order; what is undefined is not there, as in JSON.
 */
const kindsMax = 16;
/** The key of what lies in no object: the first that is known. */
const noKey = 0;

/** More than any batch or answer has (packed-batch.ts), and little enough to hold: columns tell of large things in few bytes. */
const nodesMax = 1_000_000;
const charactersMax = 8 * 1024 * 1024;
/** Of a leaf that is no text, and of the marks around any: what JSON takes for them, nearly. */
const leafCharacters = 6;

export interface Columns {
  readonly bytes: Uint8Array;
  /** What it takes as JSON, nearly. */
  readonly characters: number;
}

export const writeColumns = (value: unknown): Columns => new ColumnsWriter().write(value);

class ColumnsWriter {
  private readonly shapes = new ShapesWriter();
  private readonly columns = new Map<number, LeafWriter>();
  private readonly lately = new LatelyMet();
  private keyId = noKey;
  private readonly texts = new TextSorter((kind) => this.columnOf(kind));
  private characters = 0;

  write(value: unknown): Columns {
    const root = this.visit(value, noKey, 0);
    const out = new ByteWriter();
    this.shapes.writeTo(out, root);
    for (const column of this.columns.values()) column.writeTo(out);
    return { bytes: out.done(), characters: this.characters };
  }

  private columnOf(kind: LeafKind): LeafWriter {
    const name = this.keyId * kindsMax + kind;
    let column = this.columns.get(name);
    if (column === undefined) this.columns.set(name, (column = new LeafWriter(kind, this.lately)));
    return column;
  }

  private visit(value: unknown, keyId: number, depth: number): number {
    if (typeof value === 'object' && value !== null) {
      const shape = depth < depthMax ? this.container(value, keyId, depth + 1) : null;
      if (shape !== null) return shape;
      this.keyId = keyId;
      const text = JSON.stringify(value);
      this.characters += text.length;
      this.columnOf(leaf.json).word(text);
      return leaf.json;
    }
    this.keyId = keyId;
    this.characters += leafCharacters;
    if (typeof value === 'string') {
      this.characters += value.length;
      return this.texts.write(value);
    }
    if (typeof value === 'number') return this.number(value);
    const kind = value === true ? leaf.true : value === false ? leaf.false : leaf.null;
    this.columnOf(kind);
    return kind;
  }

  /** Null where it has a key that is no Unicode. */
  private container(value: object, keyId: number, depth: number): number | null {
    const { shapes } = this;
    if (Array.isArray(value)) {
      let step = shapes.array;
      for (const item of value as unknown[]) step = shapes.step(step, this.visit(item, keyId, depth));
      return shapes.end(step);
    }
    // Looked at first, since leaves that were written can't be taken back.
    for (const key in value) if (shapes.keyId(key) === null) return null;
    let step = shapes.object;
    for (const key in value) {
      const item = (value as Record<string, unknown>)[key];
      if (item === undefined) continue;
      this.characters += key.length;
      const id = shapes.keyId(key)!;
      step = shapes.step(step, this.visit(item, id, depth), id);
    }
    return shapes.end(step);
  }

  private number(value: number): LeafKind {
    const isInt = Number.isSafeInteger(value) && Math.abs(value) < 2 ** 52 && !Object.is(value, -0);
    if (isInt) this.columnOf(leaf.int).number(value);
    else this.columnOf(leaf.float).float(value);
    return isInt ? leaf.int : leaf.float;
  }
}

interface Column {
  readonly kind: LeafKind;
  count: number;
  next: () => unknown;
}

/** Throws MalformedBytes for what writeColumns never wrote, and for more than it writes of a batch or an answer. */
export const readColumns = (bytes: Uint8Array): unknown => {
  const from = new ByteReader(bytes);
  const root = readShapes(from);
  const columns = new Map<number, Column>();
  let nodes = 0;
  // Counted before anything is made: a few shapes within shapes can tell of more than any memory holds.
  const count = (shape: Shape, keyId: number): void => {
    if ((nodes += 1) > nodesMax) throw new MalformedBytes('there is more in it than in anything of ours');
    if (shape.leaf === null) {
      for (let i = 0; i < shape.children.length; i += 1) count(shape.children[i]!, shape.isArray ? keyId : shape.keyIds[i]!);
      return;
    }
    const name = keyId * kindsMax + shape.leaf;
    const column = columns.get(name);
    if (column) column.count += 1;
    else columns.set(name, { kind: shape.leaf, count: 1, next: () => null });
  };
  count(root, noKey);
  const lately = new LatelyMet();
  for (const column of columns.values()) column.next = readLeaves(from, column.kind, column.count, lately);
  if (from.left > 0) throw new MalformedBytes('something follows its end');
  let characters = 0;
  const build = (shape: Shape, keyId: number): unknown => {
    if (shape.leaf !== null) {
      const value = columns.get(keyId * kindsMax + shape.leaf)!.next();
      if (typeof value === 'string' && (characters += value.length) > charactersMax)
        throw new MalformedBytes('there is more in it than in anything of ours');
      return value;
    }
    if (shape.isArray) return shape.children.map((child) => build(child, keyId));
    const object: Record<string, unknown> = {};
    for (let i = 0; i < shape.children.length; i += 1) set(object, shape.keys[i]!, build(shape.children[i]!, shape.keyIds[i]!));
    return object;
  };
  return build(root, noKey);
};

/** As JSON.parse does it: a key of this name is one like any other. */
const set = (object: Record<string, unknown>, key: string, value: unknown): void => {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
};
