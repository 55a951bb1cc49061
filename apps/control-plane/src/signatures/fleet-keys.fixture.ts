import path from 'node:path';
import type { RegionKeySet } from '@lapidary/contracts/signing-keys';
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

  /** `signing`: without it, the region has no keys of its own. `known`: of which others it has the public keys. `folder`: where the files are. */
  seals(
    region: string,
    known: readonly string[],
    { signing = true, folder = '/nowhere' }: { readonly signing?: boolean; readonly folder?: string } = {},
  ): PeerSeals {
    return new PeerSeals({
      LAPIDARY_REGION: region,
      LAPIDARY_PEERS: Object.fromEntries(known.map((name) => [name, { natsUrl: 'nats://127.0.0.1:1', roleMax: 'admin' as const }])),
      LAPIDARY_SIGNING_KEYS_FILE: signing ? { path: ownKeysFile(folder, region), value: this.ownSet(region) } : undefined,
      LAPIDARY_PEER_KEYS_FILE: { path: peerKeysFile(folder, region), value: this.toldSets(known) },
    });
  }

  /** As `LAPIDARY_SIGNING_KEYS_FILE` of the region holds them. */
  ownSet(region: string): RegionKeySet {
    return { keys: this.of(region).map(({ own }) => own) };
  }

  /** As `LAPIDARY_PEER_KEYS_FILE` holds them. */
  toldSets(regions: readonly string[]): Record<string, RegionKeySet> {
    return Object.fromEntries(regions.map((name) => [name, { keys: this.of(name).map(({ told }) => told) }]));
  }
}

export const ownKeysFile = (folder: string, region: string): string => path.join(folder, `${region}.own.json`);
/** One for each region, so that they can be given to one after the other. */
export const peerKeysFile = (folder: string, region: string): string => path.join(folder, `${region}.peers.json`);
