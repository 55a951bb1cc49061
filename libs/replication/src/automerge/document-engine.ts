import * as Automerge from '@automerge/automerge';
import { AppError, isAppError } from '@lapidary/kernel/app-error';
import { digestOf } from '@lapidary/kernel/canonical-json';
import type { Json } from '../merge/json.js';
import { compareOperations, genesisActor, type DocumentConflict } from './document-actor.js';
import { applyEdit, isHolder, toJson, type DocumentEdit, type TextFields } from './document-edits.js';
import { refuseBomb } from './inflated-size.js';
import { LiveDocuments, release, type Doc } from './live-documents.js';
import { refuseDeep, refuseDeepPart } from './refuse-deep.js';
import { objectsOf, swallowedIn, type Swallowed } from './swallowed.js';

type JsonObject = { readonly [key: string]: Json };

/**
 * What waits for its beginning, with what begins it. Throws `not_yet_here` where changes of this region itself wait there, which it had made before it lost the
 * document and hears back from others: a second first change of one actor would be none that anybody takes.
 */
const besideWaiting = (waiting: Doc, begun: Doc): Doc => {
  const bytes = Automerge.save(begun);
  release(begun);
  try {
    return Automerge.loadIncremental(waiting, bytes);
  } catch (error) {
    if (error instanceof RangeError)
      throw new AppError('not_yet_here', 'What this region itself wrote in the document waits for its beginning', { retryAfterSeconds: 1 });
    throw error;
  }
};

/** A nested document as it is to be stored, with what people see of it. */
export interface Documented {
  readonly bytes: Uint8Array;
  /** Hashes of its latest changes, sorted: equal heads mean equal documents. */
  readonly heads: readonly string[];
  readonly value: Json;
  readonly conflicts: readonly DocumentConflict[];
  readonly changes: number;
  /** Changes are in it that nobody sees yet, since what they follow has not come. */
  readonly isWaiting: boolean;
}

export interface Taken extends Documented {
  /** Writes that met with having been made in something which is gone. */
  readonly swallowed: readonly Swallowed[];
}

export interface Edited extends Documented {
  /** The one change that the edits made; null where they changed nothing, and none was asked for all the same. */
  readonly change: Uint8Array | null;
}

/**
 * The only place that knows Automerge. Every call takes stored bytes and gives bytes to store; documents that were used
 * lately are kept open (live-documents.ts), which changes how fast it is and nothing else. Synchronous and heavy: the
 * control plane runs it in a thread of its own (document-worker.ts).
 */
export class DocumentEngine {
  private readonly live: LiveDocuments;

  /** `actor`: under whose name this region edits (`actorOf`); one engine serves one region. */
  constructor(
    private readonly actor: string,
    liveMax?: number,
  ) {
    this.live = new LiveDocuments(actor, liveMax);
  }

  /**
   * Makes one change out of all edits. `bytes` null, or a document whose beginning has not come: it begins with `genesis`, the same wherever
   * it begins (N1 and N2 of merge-nested.ts). What waits for that was shown to nobody: the edits stand beside it (N4). `always`: there is a change even
   * if it changes nothing, which what is written later follows (G8 of generations.ts).
   */
  edit(
    key: string,
    bytes: Uint8Array | null,
    genesis: JsonObject,
    edits: readonly DocumentEdit[],
    text: TextFields,
    always = false,
  ): Edited {
    const stored = bytes === null ? null : this.live.take(key, bytes);
    const waiting = stored !== null && Automerge.getHeads(stored).length === 0 ? stored : null;
    const before =
      stored === null || waiting !== null ? Automerge.load<Record<string, unknown>>(begin(genesis, text), { actor: this.actor }) : stored;
    const heads = Automerge.getHeads(before).join();
    try {
      const edited = Automerge.change(before, { time: 0 }, (root) => {
        for (const edit of edits) applyEdit(root, edit, text);
      });
      const isEqual = Automerge.getHeads(edited).join() === heads;
      const after = isEqual && always ? Automerge.emptyChange(edited, { time: 0 }) : edited;
      const change = isEqual && !always ? null : (Automerge.getLastLocalChange(after) ?? null);
      if (waiting === null) return { ...this.keep(key, after), change };
      return { ...this.keep(key, besideWaiting(waiting, after)), change };
    } catch (error) {
      release(before);
      if (waiting !== null) release(waiting);
      throw error;
    }
  }

  /** Takes in changes or whole documents of other regions, in any order; what hangs on changes still to come waits inside. Throws `poison_event`. */
  take(key: string, bytes: Uint8Array | null, incoming: readonly Uint8Array[]): Taken {
    for (const part of incoming) refuseBomb(part);
    let doc: Doc = bytes === null ? Automerge.init<Record<string, unknown>>({ actor: this.actor }) : this.live.take(key, bytes);
    const heads = Automerge.getHeads(doc);
    try {
      const objects = isSequel(doc, heads, incoming) ? null : objectsOf(doc);
      for (const part of incoming) doc = takePart(doc, part);
      refuseDeep(doc);
      const swallowed = objects === null ? [] : swallowedIn(heads, objects, doc);
      return { ...this.keep(key, doc), swallowed };
    } catch (error) {
      release(doc);
      if (isAppError(error)) throw error;
      throw new AppError('poison_event', 'A part of a nested document is no change of one', { cause: error });
    }
  }

  /**
   * A document that begins with all that another shows: the same bytes and head, whoever makes it. Null while something in that one hangs
   * on changes that are still to come.
   */
  beginAnew(key: string, bytes: Uint8Array, text: TextFields): Documented | null {
    const shown = this.live.take(key, bytes);
    const begun = isWaiting(shown) ? null : begin(toJson(shown) as JsonObject, text);
    this.live.put(key, bytes, shown);
    return begun && this.take('', begun, []);
  }

  /**
   * Makes one change out of all edits, as if it had been made right after the document's first one: what came since is concurrent to it.
   * Throws `invalid_input` where the first change is not there yet.
   */
  editBeginning(key: string, bytes: Uint8Array, edits: readonly DocumentEdit[], text: TextFields): Edited {
    const before = this.live.take(key, bytes);
    const [first] = Automerge.getAllChanges(before);
    const heads = Automerge.getHeads(before);
    try {
      if (!first) throw new AppError('invalid_input', 'The document has no beginning');
      const { newDoc } = Automerge.changeAt(before, [Automerge.decodeChange(first).hash], { time: 0 }, (root) => {
        for (const edit of edits) applyEdit(root, edit, text);
      });
      const [change] = Automerge.getChangesSince(newDoc, heads);
      return { ...this.keep(key, newDoc), change: change ?? null };
    } catch (error) {
      release(before);
      throw error;
    }
  }

  /** Whether WebAssembly has trapped: then it answers nothing any more, whatever it is asked. */
  isBroken(): boolean {
    try {
      Automerge.free(Automerge.init());
      return false;
    } catch {
      return true;
    }
  }

  private keep(key: string, doc: Doc): Documented {
    const bytes = Automerge.save(doc);
    const heads = [...Automerge.getHeads(doc)].sort();
    const documented = {
      bytes,
      heads,
      value: toJson(doc),
      conflicts: conflictsOf(doc, doc, []),
      changes: Automerge.stats(doc).numChanges,
      isWaiting: isWaiting(doc),
    };
    this.live.put(key, bytes, doc);
    return documented;
  }
}

/** In Automerge's format a chunk's type stands behind magic number and check sum; 0: a whole document, with what hangs behind it. */
const chunkTypeAt = 8;
const changeChunk = 1;

/**
 * Whether what comes in is one change by somebody who had seen all that is here: most are, and nothing of them meets. Where changes
 * wait here, several may come to pass with it that meet each other.
 */
const isSequel = (doc: Doc, heads: readonly string[], [part, ...more]: readonly Uint8Array[]): boolean => {
  if (part?.[chunkTypeAt] !== changeChunk || more.length > 0) return false;
  const { deps } = Automerge.decodeChange(part);
  return heads.every((head) => deps.includes(head)) && !isWaiting(doc);
};

const isWaiting = (doc: Doc): boolean => Automerge.getMissingDeps(doc, []).length > 0;

/**
 * Opened by itself first: `loadIncremental` passes over what it can't read without a word, `applyChanges` does not look at the check
 * sum (of 735 single bits of a change turned over, 684 went unnoticed), and a lenient `load` passes over a missing end.
 */
const takePart = (doc: Doc, part: Uint8Array): Doc => {
  const isWhole = part[chunkTypeAt] === 0;
  const alone = Automerge.load<Record<string, unknown>>(part, { allowMissingChanges: !isWhole });
  try {
    refuseDeepPart(part, alone);
  } finally {
    release(alone);
  }
  return isWhole ? Automerge.loadIncremental(doc, part) : Automerge.applyChanges(doc, [part])[0];
};

/**
 * Nobody's actor, time 0, sorted keys: the same bytes and the same head in every region. Two that begin one document with different contents,
 * since one had not heard of a new definition, begin it as two writers: of one writer Automerge refuses two first changes, for good.
 */
const begin = (genesis: JsonObject, text: TextFields): Uint8Array => {
  const actor = genesisActor(digestOf({ genesis, text }));
  const doc = Automerge.change(Automerge.init<Record<string, unknown>>({ actor }), { time: 0 }, (root) =>
    applyEdit(root, { op: 'replace', value: genesis }, text),
  );
  const bytes = Automerge.save(doc);
  Automerge.free(doc);
  return bytes;
};

/** Merges two stored documents; pure. */
export const mergeDocuments = (a: Uint8Array, b: Uint8Array): Documented => new DocumentEngine(genesisActor(''), 0).take('', a, [b]);

const conflictsOf = (doc: Doc, holder: Doc, path: readonly string[]): DocumentConflict[] =>
  // Sorted, since the order of keys depends on the order in which changes came.
  keysOf(holder).flatMap((key) => {
    const value = holder[key];
    const here = [...path, key];
    const inner = isHolder(value) ? conflictsOf(doc, value, here) : [];
    // Items of a list are asked for by number; by text Automerge throws.
    const rivals = Automerge.getConflicts(holder as Doc, (Array.isArray(holder) ? Number(key) : key) as string);
    return rivals ? [...rivalry(here.join('/'), value, rivals), ...inner] : inner;
  });

const keysOf = (holder: Doc): string[] => (Array.isArray(holder) ? Object.keys(holder) : Object.keys(holder).sort());

const rivalry = (path: string, shown: unknown, rivals: Record<string, unknown>): DocumentConflict[] => {
  const all = Object.entries(rivals).map(([at, value]) => ({ at, value: toJson(value) }));
  const text = JSON.stringify(toJson(shown));
  const winner = all
    .filter((r) => JSON.stringify(r.value) === text)
    .sort((a, b) => compareOperations(a.at, b.at))
    .at(-1);
  return winner
    ? all
        .filter((r) => JSON.stringify(r.value) !== text)
        .sort((a, b) => compareOperations(a.at, b.at))
        .map((loser) => ({ path, winner, loser }))
    : [];
};
