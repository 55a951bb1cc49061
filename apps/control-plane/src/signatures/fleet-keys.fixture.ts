import { newRegionKey } from '@lapidary/messaging/region-keys';
import { PeerSeals } from './peer-seals.js';

type Key = ReturnType<typeof newRegionKey>;

/** Keys of regions, and what each is started with. */
export class FleetKeys {
  private readonly keys = new Map<string, Key[]>();
  private made = 0;

  /** The region's; the first signs. */
  of(region: string): Key[] {
    const keys = this.keys.get(region) ?? [this.another()];
    this.keys.set(region, keys);
    return keys;
  }

  another(): Key {
    return newRegionKey(`key-${(this.made += 1)}`);
  }

  /** `signing`: without it, the region has no keys of its own. `known`: of which others it has the public keys. */
  seals(region: string, known: readonly string[], { signing = true }: { readonly signing?: boolean } = {}): PeerSeals {
    return new PeerSeals({
      LAPIDARY_REGION: region,
      LAPIDARY_PEERS: Object.fromEntries(known.map((name) => [name, { natsUrl: 'nats://127.0.0.1:1', roleMax: 'admin' as const }])),
      LAPIDARY_SIGNING_KEYS_FILE: signing ? { keys: this.of(region).map(({ own }) => own) } : undefined,
      LAPIDARY_PEER_KEYS_FILE: Object.fromEntries(known.map((name) => [name, { keys: this.of(name).map(({ told }) => told) }])),
    });
  }
}
