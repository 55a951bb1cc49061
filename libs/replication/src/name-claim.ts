/** Who claimed a name, and when by its own clock. */
export interface NameClaim {
  readonly region: string;
  /** Hybrid logical time of the claim, in its sortable text form. */
  readonly hlc: string;
}

/**
 * Two regions that claimed one name while apart are told apart by one rule everywhere: the lowest hybrid logical time,
 * then the region's id. A total order, so every region names the same winner, in whatever order it hears of them.
 */
export const compareClaims = (a: NameClaim, b: NameClaim): number =>
  a.hlc !== b.hlc ? (a.hlc < b.hlc ? -1 : 1) : a.region === b.region ? 0 : a.region < b.region ? -1 : 1;

export const winnerOf = <T extends NameClaim>(a: T, b: T): { readonly winner: T; readonly loser: T } =>
  compareClaims(a, b) <= 0 ? { winner: a, loser: b } : { winner: b, loser: a };
