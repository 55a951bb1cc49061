import type { Json } from '../merge/json.js';

/** A value that Automerge does not show, and the one that it shows instead. */
export interface DocumentConflict {
  /** Where, with "/" between keys. */
  readonly path: string;
  /** Automerge's names of the two writes: `<counter>@<actor>`. */
  readonly winner: { readonly at: string; readonly value: Json };
  readonly loser: { readonly at: string; readonly value: Json };
}

/** Nobody's: the first change is the same whoever makes it, so that two regions which create a document create one. `digest`: of what it begins with. */
export const genesisActor = (digest: string): string => Buffer.from(`genesis ${digest.slice(0, 16)}`).toString('hex');

/** Readable in conflicts, and another one after a restore, since Automerge refuses two changes of one actor and number. */
export const actorOf = (region: string, epoch: number): string => Buffer.from(`${region}#${epoch}`).toString('hex');

/** Automerge's own order of writes, by name: counter, then actor. It is no order of time (lab notes 3.3). */
export const compareOperations = (a: string, b: string): number => {
  const [x, y] = [Number.parseInt(a, 10), Number.parseInt(b, 10)];
  return x !== y ? x - y : a < b ? -1 : 1;
};

/** Region of an Automerge operation `<counter>@<actor>`; "genesis" where it is of a document's first change. */
export const regionOfActor = (operation: string): string => {
  const writer = Buffer.from(operation.slice(operation.indexOf('@') + 1), 'hex').toString();
  return writer.includes('#') ? writer.slice(0, writer.indexOf('#')) : 'genesis';
};
