import { MalformedBytes, type ByteReader, type ByteWriter } from './bytes.js';
import { leaf, type LeafKind } from './leaf-kinds.js';
import { knownKeys } from './known-keys.js';

/** References below this are kinds of leaves; from it on, containers. */
const containersFrom = 16;
/** What is nested deeper is written as JSON in one piece; what readers see nested deeper is none of ours. */
export const depthMax = 64;
/** Shapes are fewer: each takes a byte of a message at the least. */
const keyFactor = 2 ** 26;

/** The way from a container's beginning to here: what of it has been walked, and the shape of what ends here. */
export interface ShapeStep {
  readonly before: ShapeStep | null;
  /** Child, and in an object its key. */
  readonly edge: number;
  /** The key as it is written, and as text; of an array: 0, and none. */
  readonly keyId: number;
  readonly key: string;
  /** Made for the second way on: nearly all steps have one. */
  next: Map<number, ShapeStep> | null;
  /** Most containers go on as the one before them did. */
  likely: ShapeStep | null;
  shape: number;
}
const unknown = -1;
const stepFrom = (before: ShapeStep | null, edge: number, keyId = 0, key = ''): ShapeStep => ({
  before,
  edge,
  keyId,
  key,
  next: null,
  likely: null,
  shape: unknown,
});

/**
 * What containers have in common, each once: an object's keys and an array's length, with what each holds. Containers are told of by
 * how far behind them they are, so that a change deep inside leaves the entries around it the same.
 */
export class ShapesWriter {
  /** Where walking an object begins, and an array. */
  readonly object = stepFrom(null, 0);
  readonly array = stepFrom(null, 1);
  private readonly keys = new Map(knownKeys.map((key, i) => [key, i]));
  private readonly newKeys: string[] = [];
  private readonly ends: ShapeStep[] = [];

  /** Null for a key that is no Unicode, which has no form here. */
  keyId(key: string): number | null {
    const known = this.keys.get(key);
    if (known !== undefined) return known;
    if (!key.isWellFormed()) return null;
    const id = this.keys.size;
    this.keys.set(key, id);
    this.newKeys.push(key);
    return id;
  }

  /** One child further. A child is a kind of leaf or what `end` returned; an array has no keys. */
  step(from: ShapeStep, child: number, keyId = 0, key = ''): ShapeStep {
    const edge = keyId * keyFactor + child;
    if (from.likely?.edge === edge) return from.likely;
    const known = from.next?.get(edge);
    if (known !== undefined) return (from.likely = known);
    const to = stepFrom(from, edge, keyId, key);
    if (from.likely !== null) {
      from.next ??= new Map([[from.likely.edge, from.likely]]);
      from.next.set(edge, to);
    }
    return (from.likely = to);
  }

  /** The container that ends here. */
  end(step: ShapeStep): number {
    if (step.shape === unknown) step.shape = containersFrom + this.ends.push(step) - 1;
    return step.shape;
  }

  writeTo(out: ByteWriter, root: number): void {
    out.unsigned(this.newKeys.length);
    for (const key of this.newKeys) out.text(key);
    out.unsigned(this.ends.length);
    for (const end of this.ends) {
      const edges: number[] = [];
      let begin = end;
      for (; begin.before !== null; begin = begin.before) edges.push(begin.edge);
      const isArray = begin === this.array;
      out.unsigned(edges.length * 2 + (isArray ? 1 : 0));
      for (const edge of edges.reverse()) {
        if (!isArray) out.unsigned(Math.floor(edge / keyFactor));
        this.reference(out, edge % keyFactor, end.shape);
      }
    }
    this.reference(out, root, containersFrom + this.ends.length);
  }

  private reference(out: ByteWriter, child: number, own: number): void {
    out.unsigned(child < containersFrom ? child : own - child + containersFrom - 1);
  }
}

export interface ContainerShape {
  readonly leaf: null;
  readonly isArray: boolean;
  readonly keys: readonly string[];
  /** Of an array's children: that of the array. */
  readonly keyIds: readonly number[];
  readonly children: readonly Shape[];
  readonly depth: number;
}
export type Shape = { readonly leaf: LeafKind } | ContainerShape;

const leafShapes: ReadonlyMap<number, Shape> = new Map(Object.values(leaf).map((kind) => [kind, { leaf: kind }]));

/** Reads what ShapesWriter wrote: the root. Throws MalformedBytes. */
export const readShapes = (from: ByteReader): Shape => {
  const keys = [...knownKeys];
  // A key or a child takes a byte at the least: who says that there are more of them says nothing true.
  const counted = (count: number): number => {
    if (count > from.left) throw new MalformedBytes('more is announced than there is');
    return count;
  };
  for (let more = counted(from.unsigned()); more > 0; more -= 1) keys.push(from.text());
  const shapes: Shape[] = [];
  const reference = (): Shape => {
    const told = from.unsigned();
    const shape = told < containersFrom ? leafShapes.get(told) : shapes[shapes.length - 1 - (told - containersFrom)];
    if (shape === undefined) throw new MalformedBytes('a shape is told of that is not there');
    return shape;
  };
  for (let more = counted(from.unsigned()); more > 0; more -= 1) {
    const head = from.unsigned();
    const isArray = head % 2 === 1;
    const names: string[] = [];
    const keyIds: number[] = [];
    const children: Shape[] = [];
    let depth = 1;
    for (let left = counted(Math.floor(head / 2)); left > 0; left -= 1) {
      if (!isArray) {
        const keyId = from.unsigned();
        const key = keys[keyId];
        if (key === undefined) throw new MalformedBytes('a key is told of that is not there');
        names.push(key);
        keyIds.push(keyId);
      }
      const child = reference();
      if (child.leaf === null) depth = Math.max(depth, child.depth + 1);
      children.push(child);
    }
    if (depth > depthMax) throw new MalformedBytes('it is nested too deep');
    shapes.push({ leaf: null, isArray, keys: names, keyIds, children, depth });
  }
  return reference();
};
