import { ByteWriter } from './bytes.js';
import { LeafWriter, TextSorter } from './leaf-columns.js';
import { leaf, type LeafKind } from './leaf-kinds.js';
import { columnName, noKey } from './read-columns.js';
import { depthMax, ShapesWriter } from './shapes.js';
import { LatelyMet } from './times.js';

/**
 * JSON by columns: what values have in common is written once (shapes.ts), and leaves lie beside others of their kind under the same key
 * (leaf-columns.ts), where they differ by little. Many events of one form are a tenth of their JSON before anything compresses them,
 * and compress to less than JSON does. The form: shapes, root, columns in the order in which a walk first meets them. What is read is
 * equal to what was written, with its keys in their order; what is undefined is not there, as in JSON.
 */
/** Of a leaf that is no text, and of the marks around any: what JSON takes for them, nearly. */
const leafCharacters = 6;

export interface Columns {
  readonly bytes: Uint8Array;
  /** What it takes as JSON, nearly. */
  readonly characters: number;
}

export const writeColumns = (value: unknown): Columns => {
  try {
    return new ColumnsWriter(false).write(value);
  } catch (error) {
    if (!(error instanceof KeyWithoutForm)) throw error;
    return new ColumnsWriter(true).write(value);
  }
};

/** A key is no Unicode: what has it is written as JSON, which must be known before any of it is written. */
class KeyWithoutForm extends Error {}

class ColumnsWriter {
  private readonly shapes = new ShapesWriter();
  private readonly columns = new Map<number, LeafWriter>();
  private readonly lately = new LatelyMet();
  private keyId = noKey;
  private readonly texts = new TextSorter((kind) => this.columnOf(kind));
  private characters = 0;

  /** `isCareful`: some key may be no Unicode. Hardly any is, and to look at all of them beforehand is a sixth of writing them. */
  constructor(private readonly isCareful: boolean) {}

  write(value: unknown): Columns {
    const root = this.visit(value, noKey, 0);
    const out = new ByteWriter();
    this.shapes.writeTo(out, root);
    for (const column of this.columns.values()) column.writeTo(out);
    return { bytes: out.done(), characters: this.characters };
  }

  private columnOf(kind: LeafKind): LeafWriter {
    const name = columnName(this.keyId, kind);
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
    if (this.isCareful) for (const key in value) if (shapes.keyId(key) === null) return null;
    let step = shapes.object;
    for (const key in value) {
      const item = (value as Record<string, unknown>)[key];
      if (item === undefined) continue;
      this.characters += key.length;
      // The one that came here before is nearly always this one.
      const id = step.likely?.key === key ? step.likely.keyId : shapes.keyId(key);
      if (id === null) throw new KeyWithoutForm();
      step = shapes.step(step, this.visit(item, id, depth), id, key);
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
