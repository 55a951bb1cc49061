import type { LinkProblem } from '@lapidary/messaging/link-failure';

export interface LinkState {
  readonly state: 'connected' | 'cut';
  /** RFC 3339; null while connected. */
  readonly cutSince: string | null;
  /** What keeps it from the peer's server, asked when it is shown; null: nothing that is known. */
  readonly problem?: () => LinkProblem | null;
}

/** Where replication tells how its link to each peer stands; regions read it. One way, so that neither imports the other. */
export class ReplicationStatus {
  private readonly links = new Map<string, LinkState>();

  report(region: string, link: LinkState): void {
    this.links.set(region, link);
  }

  linkTo(region: string): LinkState | undefined {
    return this.links.get(region);
  }
}
