import { geoStream } from '@lapidary/contracts/subjects';
import { inTransaction } from '@lapidary/db/transaction';
import { waitFor } from '@lapidary/kernel/wait-for';
import { Wakeup } from '@lapidary/kernel/wakeup';
import { deleteStream } from '@lapidary/messaging/streams';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { backUpDatabase, freshRegion, type DatabaseBackup } from '@lapidary/testing/backends';
import { serveDigests } from '../../digests/testing/serve-digests.js';
import { noteStart } from '../../fence/notice-set-back.js';
import { outboxMetrics } from '../../outbox/metrics.js';
import { OutboxRelay } from '../../outbox/relay.js';
import { servePeers } from '../../outbox/serve-peers.js';
import { openTestRegion, type TestRegion } from '../../outbox/testing/test-region.js';
import { readPosition } from '../../replication/peer-position.js';
import { pullerOf, toolsOf } from '../../replication/testing/two-regions.js';
import { askAtStart } from '../ask-at-start.js';
import type { RecoveryTools } from '../reconcile-peer.js';
import { serveRecovery } from '../serve-recovery.js';
import { stepRecovery } from '../step-recovery.js';

const timeoutMs = 30_000;
/** In place of Postgres's notifications, and of the product's second. */
const roundMs = 50;
export const tombstoneDays = 30;

/** A region of a fleet whose process can be ended, whose database can be set back, and whose links can be cut. */
export class RestorableRegion {
  private stopping = new AbortController();
  private running: Promise<unknown>[] = [];
  private serving: (() => void)[] = [];
  private readonly cutFrom = new Set<string>();
  private isUp = false;
  /** Tests of the fence alone leave what follows it out. */
  isRecovering = true;

  constructor(
    readonly region: TestRegion,
    private readonly fleet: () => readonly RestorableRegion[],
  ) {}

  get name(): string {
    return this.region.name;
  }

  private get others(): readonly RestorableRegion[] {
    return this.fleet().filter((r) => r !== this);
  }

  /** As a control plane starts: what it ran on before is noted before anything works. */
  async start(): Promise<void> {
    const { region } = this;
    if (!region.dataSource.isInitialized) await region.dataSource.initialize();
    await inTransaction(region.dataSource, noteStart);
    await askAtStart(this.recoveryTools);
    this.isUp = true;
    this.join();
  }

  /** Everything that it does but its database; `kill`: what it is at is not waited for. */
  async stop(): Promise<void> {
    this.isUp = false;
    await this.part();
    await this.region.dataSource.destroy();
  }

  /** Neither asks the other nor answers it, until both are joined again. */
  async cut(other: RestorableRegion): Promise<void> {
    this.cutFrom.add(other.name);
    other.cutFrom.add(this.name);
    for (const r of [this, other]) await r.rejoin();
  }

  async heal(other: RestorableRegion): Promise<void> {
    this.cutFrom.delete(other.name);
    other.cutFrom.delete(this.name);
    for (const r of [this, other]) await r.rejoin();
  }

  async backUp(): Promise<DatabaseBackup> {
    await this.stop();
    const backup = await backUpDatabase(this.region.url);
    await this.start();
    return backup;
  }

  /** Ends the process, sets the database back, and starts the process again unless `thenStart` is false. */
  async restore(backup: DatabaseBackup, thenStart = true): Promise<void> {
    await this.stop();
    await backup.restore();
    if (thenStart) await this.start();
  }

  /** Waits until this region has taken in all that `of` has told. */
  async hasAllOf(of: RestorableRegion): Promise<void> {
    const [{ epoch, sequence }] = (await of.region.dataSource.query(
      'SELECT epoch, sequence + (SELECT count(*) FROM outbox_waiting) AS sequence FROM origin',
    )) as [{ epoch: number; sequence: string }];
    await waitFor(
      `${this.name} to have ${of.name}'s events to ${sequence}`,
      async () => {
        const at = await readPosition(this.region.dataSource, of.name);
        return (at.epoch === epoch && at.sequence >= Number(sequence)) || undefined;
      },
      { timeoutMs },
    );
  }

  /** What recovery needs; links to regions that are cut off carry nothing. */
  get recoveryTools(): RecoveryTools {
    const { region } = this;
    const { dataSource, clock, logger } = region;
    return {
      ...{ region: region.name, baseDomain: 'test', tombstoneDays, dataSource, clock, logger, apply: toolsOf(region) },
      peers: this.others.map((o) => o.name),
      linkTo: (peer) => (this.cutFrom.has(peer) ? undefined : region.nats),
    };
  }

  private async keepRecovering(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await stepRecovery(this.recoveryTools).catch((error: unknown) =>
        this.region.logger.warn({ err: error }, 'a round of recovery broke off'),
      );
      await new Wakeup().wait(roundMs, signal);
    }
  }

  private async rejoin(): Promise<void> {
    if (!this.isUp) return;
    await this.part();
    this.join();
  }

  private join(): void {
    const { region } = this;
    const reached = this.others.filter((o) => !this.cutFrom.has(o.name));
    const { signal } = (this.stopping = new AbortController());
    const relay = new OutboxRelay({
      ...region,
      metrics: createMetrics(outboxMetrics, { processMetrics: false }),
      onPublished: () => undefined,
    });
    this.serving = [
      ...servePeers(
        region.nats,
        region.dataSource,
        region.name,
        reached.map((o) => o.name),
        () => undefined,
      ),
      ...reached.map((o) => serveDigests(region, o.name)),
      ...serveRecovery(
        region.nats,
        region.dataSource,
        region.name,
        reached.map((o) => o.name),
        { baseDomain: 'test', tombstoneDays },
      ),
    ];
    this.running = [
      relay.lead(signal),
      keepWaking(relay, signal),
      this.isRecovering ? this.keepRecovering(signal) : Promise.resolve(),
      ...reached.map(async (o) => pullerOf(region, o.region).lead(signal)),
    ];
  }

  /** Ends all that works, and leaves the database open. */
  async part(): Promise<void> {
    this.stopping.abort();
    for (const end of this.serving.splice(0)) end();
    await Promise.all(this.running.splice(0));
  }
}

const keepWaking = async (relay: OutboxRelay, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    relay.wake();
    await new Wakeup().wait(roundMs, signal);
  }
};

/** Regions that know each other, each with a database of its own, over the run's NATS server; all started. */
export const openRestorableFleet = async (
  size: number,
): Promise<{ readonly regions: readonly RestorableRegion[]; close(): Promise<void> }> => {
  const names = Array.from({ length: size }, freshRegion).sort();
  const regions: RestorableRegion[] = [];
  for (const name of names)
    regions.push(new RestorableRegion(await openTestRegion({ name, peers: names.filter((n) => n !== name) }), () => regions));
  for (const region of regions) await region.start();
  return {
    regions,
    close: async () => {
      await Promise.all(regions.map(async (r) => r.part()));
      for (const { region } of regions) {
        await deleteStream(region.nats, geoStream(region.name)).catch(() => undefined);
        if (!region.dataSource.isInitialized) await region.dataSource.initialize();
        await region.close();
      }
    },
  };
};
