/** Whom to ask, as whom, for whom. */
export interface CollectionsOptions {
  /** Address of a control plane; any region's, the own one is the nearest. */
  readonly url: string | (() => string);
  /** The stamp's token, or what reads it: it may be changed while the workload runs. */
  readonly token: () => string | Promise<string>;
  /** Whose documents are meant; not given in a collection of the fleet. */
  readonly tenant?: string;
  /** Told of a token that was refused: it has ended, was revoked, or is not known (any more). */
  readonly onRefused?: (token: string) => void;
  readonly attempts?: number;
  /** Of the request that this is done for: history and audit name it (I10). */
  readonly requestId?: string;
}
