import { partiesOf } from '@lapidary/contracts/subjects';
import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { Sealed } from '@lapidary/messaging/answering';
import { PeerSeal, type RequestFault } from '@lapidary/messaging/peer-seal';
import { RegionKeys } from '@lapidary/messaging/region-keys';

/** Of what a signature was looked for: a message of the peer's stream, an answer of the peer, a request in its name. */
export type SealedThing = 'events' | 'answer' | 'request';

const faults = ['unsigned', 'unknown_key', 'wrong_signature'] as const;
/** What is refused for what. */
export const refusable: Readonly<Record<SealedThing, readonly RequestFault[]>> = {
  events: faults,
  answer: faults,
  request: [...faults, 'stale', 'repeated'],
};

export interface Refusal {
  readonly peer: string;
  readonly what: SealedThing;
  readonly why: RequestFault;
  readonly times: number;
}

/** The keys of this region and of its peers, and what was refused for want of a signature. One for each process. */
export class PeerSeals {
  readonly keys: RegionKeys;
  private readonly byPeer = new Map<string, PeerSeal>();
  private counted = new Map<string, Refusal>();
  private readonly listeners: ((refusal: Refusal) => void)[] = [];

  /** Throws `config_invalid` where a key can't be used. */
  constructor(
    readonly config: Pick<
      ControlPlaneConfig,
      'LAPIDARY_REGION' | 'LAPIDARY_PEERS' | 'LAPIDARY_SIGNING_KEYS_FILE' | 'LAPIDARY_PEER_KEYS_FILE'
    >,
  ) {
    const { LAPIDARY_REGION: region, LAPIDARY_SIGNING_KEYS_FILE: own, LAPIDARY_PEER_KEYS_FILE: peers } = config;
    this.keys = new RegionKeys(region, own?.value, peers?.value);
  }

  of(peer: string): PeerSeal {
    const onRefused = (what: SealedThing, why: RequestFault): void => this.refuse(peer, what, why);
    const seal = this.byPeer.get(peer) ?? new PeerSeal({ keys: this.keys, peer, onRefused });
    this.byPeer.set(peer, seal);
    return seal;
  }

  /** For NatsLink: of what regions ask of each other, in either direction. */
  forSubject(subject: string): Sealed | undefined {
    const parties = partiesOf(subject);
    if (!parties) return undefined;
    const { region, peer, isCommand } = parties;
    return { seal: this.of(region === this.keys.region ? peer : region), once: isCommand };
  }

  /** Peers of which everything is believed that comes with the right password. */
  get unsigned(): string[] {
    return peersOf(this.config).filter((peer) => !this.keys.isRequiredOf(peer));
  }

  refuse(peer: string, what: SealedThing, why: RequestFault): void {
    const key = `${peer} ${what} ${why}`;
    this.counted.set(key, { peer, what, why, times: (this.counted.get(key)?.times ?? 0) + 1 });
    for (const tell of this.listeners) tell({ peer, what, why, times: 1 });
  }

  onRefused(tell: (refusal: Refusal) => void): void {
    this.listeners.push(tell);
  }

  /** What has come together since it was asked for last. */
  take(): readonly Refusal[] {
    const all = [...this.counted.values()];
    this.counted = new Map();
    return all;
  }
}
