import { inflateRawSync } from 'node:zlib';
import { AppError } from '@lapidary/kernel/app-error';

/**
 * Automerge inflates whatever a part says, into memory that its thread never gives back: 64 kB became 300 MB and took seconds (measured). No
 * document of ours has a thousandth of it; this is what everything else that travels may inflate to (messaging/columns).
 */
const inflatedBytesMax = 4 * 1024 * 1024;

/** In Automerge's format: magic number, check sum, type, length, contents; a part may have several such chunks. */
const headBytes = 8;
export const chunk = { document: 0, change: 1, deflatedChange: 2 } as const;
/** Of a column's specification: whether it was deflated. */
const deflatedBit = 8;
const hashBytes = 32;

export interface Chunk {
  readonly type: number;
  readonly contents: Uint8Array;
  /** With its head. */
  readonly whole: Uint8Array;
}

/** The chunks of a part. Throws `poison_event` where it is no run of such. */
export function* chunksOf(part: Uint8Array): Generator<Chunk> {
  const from = new ChunkReader(part);
  while (from.left > 0) {
    const begin = part.length - from.left;
    from.take(headBytes);
    const [type] = from.take(1);
    const contents = from.take(from.number());
    yield { type: type!, contents, whole: part.subarray(begin, part.length - from.left) };
  }
}

/** Throws `poison_event` for a part that is no run of chunks, or inflates to more than any of ours. */
export const refuseBomb = (part: Uint8Array): void => {
  let left = inflatedBytesMax;
  const inflate = (deflated: Uint8Array): void => {
    try {
      left -= inflateRawSync(deflated, { maxOutputLength: Math.max(1, left) }).length;
    } catch (error) {
      throw new AppError('poison_event', 'A part of a nested document can’t be inflated, or to more than any of ours', { cause: error });
    }
  };
  for (const { type, contents } of chunksOf(part)) {
    if (type === chunk.deflatedChange) inflate(contents);
    if (type === chunk.document) for (const column of deflatedColumns(new ChunkReader(contents))) inflate(column);
  }
};

/** Behind the actors and the heads stand the columns' specifications and lengths, of changes and of operations; behind those the columns. */
const deflatedColumns = (from: ChunkReader): Uint8Array[] => {
  for (let actors = from.number(); actors > 0; actors -= 1) from.take(from.number());
  from.take(from.number() * hashBytes);
  const columns: { readonly isDeflated: boolean; readonly length: number }[] = [];
  for (const _ of ['changes', 'operations'])
    for (let some = from.number(); some > 0; some -= 1)
      columns.push({ isDeflated: (from.number() & deflatedBit) > 0, length: from.number() });
  return columns.flatMap(({ isDeflated, length }) => {
    const bytes = from.take(length);
    return isDeflated ? [bytes] : [];
  });
};

class ChunkReader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  take(size: number): Uint8Array {
    if (size > this.left) throw new AppError('poison_event', 'A part of a nested document ends too early');
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  /** Unsigned LEB128; what is larger than any length here ends too early. */
  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const [byte] = this.take(1);
      value += (byte! & 127) * scale;
      if (byte! < 128) return value;
    }
  }
}
