import { peersOf } from '@lapidary/config/control-plane';
import { readAgain, type WatchedFile } from '@lapidary/config/fields';
import { fileFingerprint, HotValue } from '@lapidary/config/hot-value';
import { OwnRegionKeysSchema, PeerKeysSchema, type RegionKeySet } from '@lapidary/contracts/signing-keys';
import { AppError } from '@lapidary/kernel/app-error';
import { RegionKeys } from '@lapidary/messaging/region-keys';
import type { Logger } from '@lapidary/telemetry/logger';
import { createMetrics, type MetricsOf } from '@lapidary/telemetry/metrics';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { Readiness } from '../process/readiness.js';
import { LOGGER, METRICS } from '../process/tokens.js';
import { signatureMetrics } from './metrics.js';
import { PeerSeals } from './peer-seals.js';

/** What can't be used of what is configured: this region's own keys, or those of its peers. */
export type KeyFile = 'signing' | 'peers';

/** Why the keys of a file are not in force; those from before are. */
export interface RefusedKeys {
  readonly file: KeyFile;
  readonly since: string;
  readonly because: string;
}

type Watched = HotValue<{ readonly use: () => void }>;
type PeerKeys = Readonly<Record<string, RegionKeySet>>;

/**
 * The keys of this region and of its peers, as their files say while the process runs. What can't be used leaves the keys before it in force, and
 * is said; so is what would undo more than a change of keys should: a new file takes no region's keys away altogether, since it would be believed
 * unsigned, and signs with none that the file for all regions has not.
 */
@Injectable()
export class KeyFiles implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly watched = new Map<KeyFile, Watched>();
  private own: RegionKeySet | undefined;
  private peers: PeerKeys | undefined;
  private readonly metrics: MetricsOf<typeof signatureMetrics>;

  constructor(
    private readonly seals: PeerSeals,
    readiness: Readiness,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(METRICS) { registry }: Pick<ControlPlaneMetrics, 'registry'>,
  ) {
    this.metrics = createMetrics(signatureMetrics, { processMetrics: false, registry });
    this.own = seals.config.LAPIDARY_SIGNING_KEYS_FILE?.value;
    this.peers = seals.config.LAPIDARY_PEER_KEYS_FILE?.value;
    readiness.registerFlaws('region keys', async () => Promise.resolve(this.refused.map(refusedText)));
  }

  /** For tests, how often is looked; else every two seconds. */
  async onApplicationBootstrap(everyMs?: number): Promise<void> {
    const { LAPIDARY_SIGNING_KEYS_FILE: own, LAPIDARY_PEER_KEYS_FILE: peers } = this.seals.config;
    if (peers) await this.watch('peers', peers, everyMs, () => this.readPeers(peers.path));
    if (own) await this.watch('signing', own, everyMs, () => this.readOwn(own.path));
    this.show();
  }

  beforeApplicationShutdown(): void {
    for (const file of this.watched.values()) file.stop();
  }

  /** Empty: what the files say is in force. */
  get refused(): RefusedKeys[] {
    return [...this.watched].flatMap(([file, { refusal }]) =>
      refusal ? [{ file, since: refusal.since.toISOString(), because: textOf(refusal.error) }] : [],
    );
  }

  private async watch(file: KeyFile, { path }: WatchedFile<unknown>, everyMs: number | undefined, read: () => () => void): Promise<void> {
    const { logger, metrics } = this;
    const count = (outcome: 'taken' | 'refused'): void => {
      metrics.lapidary_region_key_reloads_total.inc({ file, outcome });
      this.show();
    };
    for (const outcome of ['taken', 'refused']) metrics.lapidary_region_key_reloads_total.inc({ file, outcome }, 0);
    const hot: Watched = await HotValue.start({
      fingerprint: () => fileFingerprint(path),
      load: () => Promise.resolve({ use: read() }),
      onReload: ({ use }) => {
        use();
        count('taken');
        logger.info({ file: path, signsWith: this.seals.keys.signsWith, believes: this.believed() }, 'other keys of regions are in force');
      },
      onRefused: (error) => {
        count('refused');
        logger.error({ err: error, file: path }, 'the new keys of regions can’t be used; the ones before them stay');
      },
      onLooked: (): void => metrics.lapidary_region_key_file_refused.set({ file }, hot.refusal ? 1 : 0),
      everyMs,
    });
    metrics.lapidary_region_key_file_refused.set({ file }, 0);
    // Between the reading of the configuration and this one it may have changed.
    hot.current.use();
    this.watched.set(file, hot);
  }

  /** Throws where it can't be used; else what puts it in force. */
  private readOwn(path: string): () => void {
    const own = readAgain(OwnRegionKeysSchema, path);
    const { region } = this.seals.keys;
    void new RegionKeys(region, own);
    const [first] = own.keys;
    const told = this.peers?.[region]?.keys;
    if (told && this.isChange(first!) && !told.some(({ x }) => x === first!.x))
      throw new AppError('config_invalid', `${path}: key ${first!.kid} is not in LAPIDARY_PEER_KEYS_FILE: give that to all regions first`);
    return () => {
      this.own = own;
      this.seals.keys.use(own, this.peers);
    };
  }

  private readPeers(path: string): () => void {
    const peers = readAgain(PeerKeysSchema, path);
    void new RegionKeys(this.seals.keys.region, undefined, peers);
    const lost = peersOf(this.seals.config).filter((peer) => this.seals.keys.isRequiredOf(peer) && !peers[peer]);
    if (lost.length > 0)
      throw new AppError(
        'config_invalid',
        `${path}: without a key of ${lost.join(', ')}, which would be believed unsigned: only a start does that`,
      );
    return () => {
      this.peers = peers;
      this.seals.keys.use(this.own, peers);
    };
  }

  /** What a process is started with is a person's word. Another key under the id of the one before is another key. */
  private isChange({ x }: RegionKeySet['keys'][number]): boolean {
    return this.watched.has('signing') && x !== this.own?.keys[0]?.x;
  }

  private believed(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(peersOf(this.seals.config).map((peer) => [peer, this.seals.keys.idsOf(peer)]));
  }

  private show(): void {
    const { metrics } = this;
    const { keys, config } = this.seals;
    metrics.lapidary_region_keys.reset();
    for (const region of [keys.region, ...peersOf(config)])
      for (const kid of keys.idsOf(region)) metrics.lapidary_region_keys.set({ region, kid }, 1);
  }
}

const textOf = (error: unknown): string =>
  error instanceof AppError ? error.message : `can't be read: ${(error as NodeJS.ErrnoException).code ?? 'error'}`;

/** For people. */
const refusedText = ({ file, since, because }: RefusedKeys): string =>
  `new keys of ${file === 'signing' ? 'this region' : 'the other regions'} are not in force since ${since}, those before them are: ${because}`;
