import { rm } from 'node:fs/promises';
import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { HeartbeatSchema, RegisterRequestSchema, SyncRequestSchema } from '@lapidary/contracts/agent-protocol';
import type { FindingView, SensorReport } from '@lapidary/contracts/api/drift';
import { SnapshotRequestSchema } from '@lapidary/contracts/directory';
import type { DriftedResource } from '@lapidary/contracts/provisioner-protocol';
import { agentHeartbeat, agentRegister, agentSync, directorySnapshot } from '@lapidary/contracts/subjects';
import { CollectionRegion } from '@lapidary/control-plane/collections/testing/collection-region';
import { foldDigests } from '@lapidary/control-plane/digests/digest-rows';
import { scrubOnce } from '@lapidary/control-plane/digests/scrub';
import { serveDigests } from '@lapidary/control-plane/digests/testing/serve-digests';
import { AgentPush } from '@lapidary/control-plane/directory/agent-push';
import { directoryMetrics } from '@lapidary/control-plane/directory/metrics';
import { numberDirectory } from '@lapidary/control-plane/directory/number-directory';
import { countUnpublished } from '@lapidary/control-plane/directory/directory-rows';
import { readDigest } from '@lapidary/control-plane/directory/directory-sum';
import { publishDirectory } from '@lapidary/control-plane/directory/publish-directory';
import { snapshotPage } from '@lapidary/control-plane/directory/snapshot';
import { findingViewOf, listFindings } from '@lapidary/control-plane/drift/finding-rows';
import { performRun } from '@lapidary/control-plane/drift/perform-run';
import { realWorld } from '@lapidary/control-plane/drift/real-world';
import { ReplicaFleet } from '@lapidary/control-plane/drift/routes/replica-fleet';
import { serveSchema } from '@lapidary/control-plane/drift/schema/serve-schema';
import { answerRegister, answerSync } from '@lapidary/control-plane/health/answer-agents';
import { HeartbeatBook } from '@lapidary/control-plane/health/heartbeat-book';
import { systemContext } from '@lapidary/control-plane/http/command-context';
import type { TestRegion } from '@lapidary/control-plane/outbox/testing/test-region';
import { recordTenantChange } from '@lapidary/control-plane/tenants/record-tenant';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import { Wakeup } from '@lapidary/kernel/wakeup';
import { directoryStreamShape, ensureStream } from '@lapidary/messaging/streams';
import type { Router } from '@lapidary/router/router';
import type { Agent } from '@lapidary/stamp-agent/agent';
import { createMetrics } from '@lapidary/telemetry/metrics';
import {
  addStamps,
  agentCount,
  cursorsAhead,
  graphDigest,
  layOut,
  patienceMs,
  startAgentOf,
  startRouter,
  templateVersion,
} from './region-parts.js';
import { refreshReplicas } from './refresh-replicas.js';

/** A refresh by itself would mend what was injected before anybody looks. */
const resyncMs = 600_000;
const turnMs = 20;
const limitOf = (observed: unknown): DriftedResource => ({ resourceType: 't', name: 'n', path: 'p', expected: null, observed });

/**
 * A region with everything that drift runs look at, in one process: database, documents joined to a peer's, directory, a router, agents.
 * Only the planner is none: what it renders and finds in clouds is told by `drifted` (test/e2e/drift has the real one).
 */
export class WatchedRegion {
  readonly drifted = new Map<string, DriftedResource[]>();
  readonly documents: CollectionRegion;
  private readonly stop = new AbortController();
  private readonly ends: (() => unknown)[] = [];
  private running: Promise<unknown>[] = [];
  private fleet!: ReplicaFleet;
  private config!: ControlPlaneConfig;
  router!: Router;
  agents: Agent[] = [];

  private constructor(
    readonly at: TestRegion,
    readonly peer: TestRegion,
  ) {
    this.documents = new CollectionRegion(at);
  }

  static async open(at: TestRegion, peer: TestRegion): Promise<WatchedRegion> {
    const made = new WatchedRegion(at, peer);
    await made.begin();
    return made;
  }

  get name(): string {
    return this.at.name;
  }

  async sql<T>(text: string, parameters: unknown[] = []): Promise<T[]> {
    return await rowsOf<T>(this.at.dataSource, text, parameters);
  }

  /** As the leader of the drift runs does, with the scrub's passes at once. */
  async look(): Promise<{ readonly findings: FindingView[]; readonly sensors: readonly SensorReport[] }> {
    const { dataSource, clock } = this.at;
    const { nested } = this.documents.site;
    await foldDigests(dataSource);
    await this.sql(`UPDATE digest_scrub SET passed_at = 'epoch'`);
    while ((await scrubOnce(dataSource, nested)) !== null);
    const { sensors } = await performRun(
      { config: this.config, dataSource, clock, world: this.world, plantedStack: { driftWith: async (nonce) => [{ ...limitOf(nonce) }] } },
      { stamp: null },
      this.stop.signal,
    );
    const rows = await listFindings(dataSource, { state: 'open', before: null, limit: 5_000 });
    return { findings: rows.map(findingViewOf), sensors };
  }

  /** Routers and agents fetch everything anew; cursors go on behind any that were forged, so that nothing of these outlives it. */
  async refresh(): Promise<void> {
    const { name: region, dataSource, nats } = this.at;
    await this.sql('UPDATE origin SET cursor = cursor + $1', [2 * cursorsAhead]);
    await refreshReplicas({ region, dataSource, nats }, this.fleet, agentCount + 1, this.stop.signal);
  }

  /** A tenant of this region on one of its stamps, as placing it would leave it. */
  async place(tenant: string, stamp: number): Promise<void> {
    const { dataSource, name, clock } = this.at;
    await inTransaction(dataSource, async (tx) => {
      await tx.query(
        `INSERT INTO tenant (id, home_region, status, weight, tier, placement_epoch, hlc) VALUES ($1, $2, 'placed', 1, 'pooled', 1, $3)`,
        [tenant, name, clock.tick()],
      );
      await tx.query('INSERT INTO placement (tenant, epoch, stamp, units, serving_at) VALUES ($1, 1, $2, 1, now())', [
        tenant,
        `${name}-${stamp}`,
      ]);
      await this.tell(tx, tenant);
    });
  }

  /** Decides for the tenant anew: the next epoch, on another stamp. */
  async move(tenant: string, stamp: number): Promise<void> {
    const { dataSource, name } = this.at;
    await inTransaction(dataSource, async (tx) => {
      await tx.query('UPDATE placement SET is_current = false, ended_at = now() WHERE tenant = $1 AND is_current', [tenant]);
      await tx.query('UPDATE tenant SET placement_epoch = placement_epoch + 1 WHERE id = $1', [tenant]);
      await tx.query(
        'INSERT INTO placement (tenant, epoch, stamp, units, serving_at) SELECT id, placement_epoch, $2, 1, now() FROM tenant WHERE id = $1',
        [tenant, `${name}-${stamp}`],
      );
      await this.tell(tx, tenant);
    });
  }

  /** To routers, agents and the other region, as every change of a tenant is. */
  private async tell(tx: Tx, tenant: string): Promise<void> {
    const { clock, name } = this.at;
    await recordTenantChange(
      tx,
      systemContext(name, 'test', newId()),
      { clock, baseDomain: 'test' },
      'lapidary.tenant.placed.v1',
      tenant,
      {},
    );
  }

  /** Until the router has every route that was written. */
  async published(): Promise<void> {
    await waitFor(
      'the router to have all',
      async () => {
        const { cursor } = await readDigest(this.at.dataSource);
        const waiting = await countUnpublished(this.at.dataSource);
        return (waiting === 0 && this.router.directory.digest?.cursor === cursor) || undefined;
      },
      { timeoutMs: patienceMs },
    );
  }

  async close(): Promise<void> {
    this.stop.abort();
    await Promise.all(this.running);
    await Promise.all([this.router.stop(0), ...this.agents.map(async (agent) => agent.stop(0))]);
    for (const end of this.ends.reverse()) await end();
  }

  private get world() {
    const { dataSource, nats } = this.at;
    return realWorld({
      config: this.config,
      dataSource,
      nats,
      links: new Map([[this.peer.name, nats]]),
      replicas: this.fleet,
      nested: () => Promise.resolve(this.documents.site.nested),
      planner: {
        synthesize: () => Promise.resolve({ templateVersion, graphDigest }) as never,
        read: ({ spec }) => Promise.resolve({ drifted: this.drifted.get(spec.name) ?? [] }) as never,
      },
    });
  }

  private async begin(): Promise<void> {
    const { name, dataSource, nats, clock } = this.at;
    const { folder, config } = await layOut(this.at, this.peer.name);
    this.config = config;
    this.ends.push(() => rm(folder, { recursive: true }));
    const tools = { region: name, dataSource, clock, heartbeatMs: 200, resyncMs, apiUrl: null };
    const book = new HeartbeatBook();
    this.fleet = new ReplicaFleet(name, nats);
    this.ends.push(
      () => this.fleet.close(),
      serveDigests(this.at, this.peer.name),
      serveSchema(nats, dataSource, name, [this.peer.name]),
      nats.serveJson(directorySnapshot(name), SnapshotRequestSchema, async ({ after, limit }) => snapshotPage(dataSource, after, limit)),
      nats.serveJson(agentRegister(name), RegisterRequestSchema, async (r) => answerRegister(tools, r)),
      nats.serveJson(agentSync(name), SyncRequestSchema, async (r) => answerSync(tools, r)),
      nats.subscribeJson(agentHeartbeat(name), HeartbeatSchema, (beat) => book.take(beat)),
    );
    const [origin] = await this.sql<{ generation: string }>('SELECT generation FROM origin');
    await ensureStream(nats, directoryStreamShape(name, origin!.generation));
    await addStamps(this.at);
    this.running = [this.publish(), this.keepBeats(book)];
    this.router = await startRouter(this.at, folder);
    for (let i = 1; i <= agentCount; i++) this.agents.push(await startAgentOf(this.at, i));
    await waitFor('the agents to be registered', () => this.agents.every((a) => a.state() === 'registered') || undefined, {
      timeoutMs: patienceMs,
    });
    await waitFor(
      'the fleet to be heard',
      async () => (await this.fleet.look(dataSource)).filter((r) => r.digest !== null && r.away === null).length > agentCount || undefined,
      {
        timeoutMs: patienceMs,
      },
    );
  }

  /** What the directory's leader does, but for the digests by which routers repair themselves. */
  private async publish(): Promise<void> {
    const { name: region, dataSource, nats, clock, logger } = this.at;
    const metrics = createMetrics(directoryMetrics, { processMetrics: false });
    const push = new AgentPush({ region, dataSource, nats, clock, logger, metrics, baseDomain: 'test' });
    while (!this.stop.signal.aborted) {
      push.enqueue(await numberDirectory(dataSource));
      await publishDirectory(dataSource, nats, region);
      await new Wakeup().wait(turnMs, this.stop.signal);
    }
    push.stop();
  }

  private async keepBeats(book: HeartbeatBook): Promise<void> {
    while (!this.stop.signal.aborted) {
      await book.flush(this.at.dataSource);
      await new Wakeup().wait(turnMs * 10, this.stop.signal);
    }
  }
}
