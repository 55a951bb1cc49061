import * as Automerge from '@automerge/automerge';

export type Doc = Automerge.Doc<Record<string, unknown>>;

/** Creation falls from 1,100 to 40–200 a second somewhere around 4,000 open documents (measured); half of that is far from it. */
const liveDefaultMax = 2_000;

/**
 * Documents kept open, the least recently used freed first. One is found again only under the very bytes it was saved as:
 * after a transaction that was rolled back the stored bytes are older, and the document is loaded from them.
 */
export class LiveDocuments {
  private readonly open = new Map<string, { readonly bytes: Uint8Array; readonly doc: Doc }>();

  constructor(
    private readonly actor: string,
    private readonly max: number = liveDefaultMax,
  ) {}

  /** The document of these bytes; it is the caller's then, to put back or to free. */
  take(key: string, bytes: Uint8Array): Doc {
    const known = this.open.get(key);
    this.open.delete(key);
    if (known && Buffer.compare(known.bytes, bytes) === 0) return known.doc;
    if (known) Automerge.free(known.doc);
    return Automerge.load<Record<string, unknown>>(bytes, { actor: this.actor });
  }

  put(key: string, bytes: Uint8Array, doc: Doc): void {
    const known = this.open.get(key);
    if (known && known.doc !== doc) Automerge.free(known.doc);
    this.open.delete(key);
    this.open.set(key, { bytes, doc });
    while (this.open.size > this.max) {
      const [oldest, { doc: unused }] = this.open.entries().next().value!;
      this.open.delete(oldest);
      Automerge.free(unused);
    }
  }
}
