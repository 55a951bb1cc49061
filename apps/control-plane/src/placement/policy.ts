/** How much each score counts. The version is written into every decision, so that an old one can be understood later. */
export interface PlacementPolicy {
  readonly version: string;
  readonly weights: Readonly<Record<string, number>>;
}

/** Room first; then fewer neighbours; the ring only tips the balance. */
export const defaultPolicy: PlacementPolicy = { version: '2026-11', weights: { headroom: 60, spread: 25, ring: 15 } };
