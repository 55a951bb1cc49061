/** What happens in a world, beside what happens in all. */
export interface WorldKind {
  readonly nested: boolean;
  readonly focused: boolean;
  readonly restored: boolean;
  /** People open restored regions without others; clocks differ by no more than real ones do. */
  readonly forced: boolean;
  readonly tidy: 'fields' | 'others' | null;
  readonly aging: boolean;
  readonly shrinking: boolean;
  /** A region is lost for good, or seems to be, and the others give it up. */
  readonly lost: boolean;
  readonly joining: boolean;
}

/** By the seed alone, so that whoever looks for a kind knows where it comes. */
export const kindOf = (seed: number): WorldKind => {
  // Nested documents are a hundred times slower than the rest: in every fourth world. Rights that travel by way of a third
  // region need many operations of one counter: in every fifth. In every third one region is restored from a backup.
  // Tombstones are purged where regions hear of each other often: in every seventh, which knows nothing but fields, or none.
  // A region is given up in every thirteenth.
  const lost = seed % 13 === 10;
  // A region joins the others late in another thirteenth.
  const joining = seed % 13 === 2;
  const restored = seed % 3 === 0 && !lost && !joining;
  // Histories of nested documents begin anew in every sixteenth, which knows little else.
  const aging = seed % 16 === 8;
  // Fields are removed and written anew, and dropped, in every eleventh: in few documents, with a link that stays cut.
  const shrinking = seed % 11 === 9 && seed % 7 !== 0 && !aging;
  const tidy = seed % 7 === 0 && !aging ? (seed % 21 === 7 || seed % 42 === 0 ? 'fields' : 'others') : null;
  return {
    nested: seed % 4 === 0,
    focused: seed % 5 === 0 && !aging,
    restored,
    forced: restored && (seed / 3) % 5 < 2,
    tidy,
    aging,
    shrinking,
    lost,
    joining,
  };
};
