import type { TenantView } from '@lapidary/contracts/api/tenants';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { geoStream } from '@lapidary/contracts/subjects';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { deleteStream } from '@lapidary/messaging/streams';
import { actorOf } from '@lapidary/replication/automerge/document-actor';
import { DocumentEngine } from '@lapidary/replication/automerge/document-engine';
import { readEvents } from '@lapidary/replication/read-events';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { freshRegion } from '@lapidary/testing/backends';
import { systemContext } from '../../http/command-context.js';
import { numberOutbox } from '../../outbox/number-outbox.js';
import { eventsBetween, readOrigin } from '../../outbox/outbox-rows.js';
import { recordEvent } from '../../outbox/record-event.js';
import { openTestRegion, type TestRegion } from '../../outbox/testing/test-region.js';
import type { ApplyTools } from '../apply-tenant.js';
import { ingest } from '../ingest.js';
import { replicationMetrics } from '../metrics.js';
import { adoptEpoch } from '../peer-position.js';
import { PeerPuller } from '../puller.js';
import type { SessionOptions } from '../session-options.js';
import { suspendLoser } from '../suspend-loser.js';

/** Two regions that know each other; the first has the lower name. */
export const openTwoRegions = async (): Promise<{ readonly eu: TestRegion; readonly us: TestRegion; close(): Promise<void> }> => {
  const [a, b] = [freshRegion(), freshRegion()].sort() as [string, string];
  const [eu, us] = [await openTestRegion({ name: a, peers: [b] }), await openTestRegion({ name: b, peers: [a] })];
  return {
    eu,
    us,
    close: async () => {
      await deleteStream(eu.nats, geoStream(eu.name)).catch(() => undefined);
      await Promise.all([eu.close(), us.close()]);
    },
  };
};

export const oneTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

export const toolsOf = (r: TestRegion): ApplyTools => ({
  region: r.name,
  collections: {
    region: r.name,
    clock: r.clock,
    nested: async () => Promise.resolve(new DocumentEngine(actorOf(r.name, 1))),
    onLosses: () => undefined,
    onLate: () => undefined,
  },
  suspendLoser: async (tx, tenant, winner) => suspendLoser(tx, r.name, { clock: r.clock, baseDomain: 'test' }, tenant, winner),
  onConflict: () => undefined,
});

export const tenantOf = (region: string, id: string, version = 1, stamp: string | null = null): TenantView => ({
  id,
  region,
  status: stamp === null ? 'pending' : 'placed',
  statusReason: null,
  weight: 1,
  residency: [],
  tier: 'pooled',
  labels: { version: String(version) },
  hosts: [`${id}.test`],
  placement: stamp === null ? null : { stamp, epoch: version, units: 1, decidedAt: '2025-01-01T00:00:00.000Z', servingAt: null },
  version,
  createdAt: '2025-01-01T00:00:00.000Z',
  updatedAt: '2025-01-01T00:00:00.000Z',
});

export const claimTenant = async (r: TestRegion, id: string, claim: string): Promise<void> => {
  await inTransaction(r.dataSource, async (tx) => {
    await tx.query(
      `INSERT INTO tenant (id, home_region, status, weight, tier, hlc, claim_hlc, created_at, updated_at) VALUES ($1, $2, 'pending', 1, 'pooled', $3, $3, '2025-01-01', '2025-01-01')`,
      [id, r.name, claim],
    );
    await recordEvent(tx, systemContext(r.name, 'test', newId()), r.clock, 'lapidary.tenant.created.v1', `tenant/${id}`, {
      tenant: tenantOf(r.name, id),
    });
  });
};

export const tellOfTenant = async (r: TestRegion, tenant: TenantView): Promise<void> => {
  await inTransaction(r.dataSource, async (tx) =>
    recordEvent(tx, systemContext(r.name, 'test', newId()), r.clock, 'lapidary.tenant.updated.v1', `tenant/${tenant.id}`, { tenant }),
  );
};

export const logOf = async (r: TestRegion): Promise<EventEnvelope[]> => {
  while ((await numberOutbox(r.dataSource)) > 0);
  return await eventsBetween(r.dataSource, await readOrigin(r.dataSource), 1, 1e9, 1e6);
};

/** Reads what `origin` tells into `reader`, over one NATS server for both. */
export const pullerOf = (
  reader: TestRegion,
  origin: TestRegion,
  onApplied: SessionOptions['onApplied'] = () => undefined,
  metrics: SessionOptions['metrics'] = createMetrics(replicationMetrics, { processMetrics: false }),
  version: Pick<SessionOptions, 'protocol'> & { readonly versions?: ApplyTools['versions'] } = {},
): PeerPuller =>
  new PeerPuller({
    region: reader.name,
    peer: origin.name,
    dataSource: reader.dataSource,
    link: reader.nats,
    get seals() {
      return reader.seals;
    },
    tools: { ...toolsOf(reader), versions: version.versions },
    protocol: version.protocol,
    logger: reader.logger,
    metrics,
    onApplied,
  });

/** Hands everything that `from` has told to `to`, once and in order. */
export const handOver = async (from: TestRegion, to: TestRegion): Promise<void> => {
  await adoptEpoch(to.dataSource, from.name, 1);
  await ingest(to.dataSource, toolsOf(to), from.name, readEvents(from.name, await logOf(from)));
};

/** What a region knows of another one's stamps and tenants. */
export const replicasOf = async (r: TestRegion, origin: string): Promise<unknown> => ({
  stamps: await r.dataSource.query('SELECT name, status, version, origin_sequence FROM stamp WHERE region = $1 ORDER BY name', [origin]),
  tenants: await r.dataSource.query(
    'SELECT t.id, t.status, t.labels, t.version, t.origin_sequence, p.stamp, p.epoch FROM tenant t LEFT JOIN placement p ON p.tenant = t.id AND p.is_current WHERE home_region = $1 ORDER BY id',
    [origin],
  ),
  routes: await r.dataSource.query('SELECT key, body FROM directory_entry ORDER BY key'),
});
