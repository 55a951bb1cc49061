import * as Automerge from '@automerge/automerge';
import { AppError } from '@lapidary/kernel/app-error';

export type Doc = Automerge.Doc<Record<string, unknown>>;

/** Gives a document's memory back after something has failed, of which it must not take the place: after a trap this fails, too. */
export const release = (doc: Doc): void => {
  try {
    Automerge.free(doc);
  } catch {
    // The thread ends, and its memory with it.
  }
};

/** Creation falls from 1,100 to 40–200 a second somewhere around 4,000 open documents (measured); half of that is far from it. */
const liveDefaultMax = 2_000;
/**
 * What lies in the database takes some 150 times as much when it is open (8 kB with 4,000 changes: 1.2 MB, measured), and WebAssembly gives no memory back: 2,000 such
 * histories would be 2.4 GB. This much of them is some 300 MB; documents of a kilobyte, which are nearly all, reach the number above first.
 */
export const liveBytesMax = 2_097_152;

/**
 * Documents kept open, the least recently used freed first. One is found again only under the very bytes it was saved as:
 * after a transaction that was rolled back the stored bytes are older, and the document is loaded from them.
 */
export class LiveDocuments {
  private readonly open = new Map<string, { readonly bytes: Uint8Array; readonly doc: Doc }>();
  /** Of all that are open, as they are saved. */
  private bytes = 0;

  constructor(
    private readonly actor: string,
    private readonly max: number = liveDefaultMax,
  ) {}

  /**
   * The document of these bytes; it is the caller's then, to put back or to free. Throws `poison_event` where nobody can tell any more what they were: changes of it wait
   * in the dead letters until it is repaired, and hold nothing else up.
   */
  take(key: string, bytes: Uint8Array): Doc {
    const known = this.forget(key);
    if (known && Buffer.compare(known.bytes, bytes) === 0) return known.doc;
    if (known) Automerge.free(known.doc);
    try {
      return Automerge.load<Record<string, unknown>>(bytes, { actor: this.actor });
    } catch (error) {
      throw new AppError('poison_event', `What is kept of ${key} can’t be read`, { cause: error });
    }
  }

  put(key: string, bytes: Uint8Array, doc: Doc): void {
    const known = this.forget(key);
    if (known && known.doc !== doc) Automerge.free(known.doc);
    this.open.set(key, { bytes, doc });
    this.bytes += bytes.length;
    while (this.open.size > this.max || (this.bytes > liveBytesMax && this.open.size > 1)) {
      const [oldest] = this.open.keys();
      Automerge.free(this.forget(oldest!)!.doc);
    }
  }

  private forget(key: string): { readonly bytes: Uint8Array; readonly doc: Doc } | undefined {
    const known = this.open.get(key);
    if (known && this.open.delete(key)) this.bytes -= known.bytes.length;
    return known;
  }
}
