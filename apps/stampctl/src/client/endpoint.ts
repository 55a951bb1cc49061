/** One control plane's API, and who speaks to it. */
export interface Endpoint {
  readonly server: string;
  readonly token: string | null;
  /** APIs of the fleet's other regions, where they are known: they take changes for this one, and queue them. */
  readonly others?: readonly string[];
}
