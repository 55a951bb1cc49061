import type { LinkFault } from './frames.js';

/** What the owner of an end is told. */
export interface LinkEndEvents {
  /** Bytes wait in the batch: take and write them before this turn of the loop ends. */
  readonly onWork: () => void;
  readonly onOpen: () => void;
  /** No new requests from now on. */
  readonly onLeaving: () => void;
  /** Leaving, and nothing is under way any more: write what waits, then close. */
  readonly onDrained: () => void;
  /** `detail` is for the log. Called once; what waits in the batch says why to the other end. */
  readonly onClosed: (fault: LinkFault, detail: string) => void;
}
