import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { waitFor } from '@lapidary/kernel/wait-for';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { directoryMetrics } from '../directory/metrics.js';
import { DirectoryPublisher } from '../directory/publisher.js';
import { countUnpublished } from '../directory/directory-rows.js';
import { recordTenantRoute } from '../directory/record-route.js';
import { openRelayedRegions, type RelayedRegions } from '../replication/testing/relayed-regions.js';
import { oneTo } from '../replication/testing/two-regions.js';
import { publishedThrough } from './published-through.js';
import { readTrouble } from './publishing-trouble.js';
import { tellOfStamp } from './testing/test-region.js';

/** A look at how long the log is, and another one a second later; the numberer's second; a machine under load. */
const heldUpMsMax = 30_000;

/** nats-server 2.9.10 acknowledges nothing more once a write has failed, answers nothing of its streams, and has to be killed (measured). */
describe('a NATS server whose disk is full', () => {
  let regions: RelayedRegions;
  let ending: AbortController;
  let publishing: Promise<void>;
  beforeEach(async () => {
    regions = await openRelayedRegions({ diskMegabytes: 4 });
    ending = new AbortController();
    const metrics = createMetrics(directoryMetrics, { processMetrics: false });
    const { eu } = regions;
    publishing = new DirectoryPublisher({ ...eu, nats: regions.publishing, region: eu.name, metrics, onNumbered: () => undefined }).lead(
      ending.signal,
    );
  });
  afterEach(async () => {
    ending.abort();
    await regions.kill();
    await Promise.all([publishing, regions.close()]);
  });

  const routed = async (tenant: string): Promise<void> => {
    const { eu } = regions;
    await inTransaction(eu.dataSource, async (tx) =>
      recordTenantRoute(tx, { kind: 'tenant', tenant, region: eu.name, status: 'placed', stamp: null, epoch: 1, hosts: [] }, null),
    );
  };
  const troubleIs = async (what: readonly string[]): Promise<void> => {
    await waitFor(
      `trouble with ${what.join(' and ') || 'nothing'}`,
      async () => (await readTrouble(regions.eu.dataSource)).map((t) => t.what).join() === what.join() || undefined,
      { timeoutMs: 90_000 },
    );
  };

  it('keeps no event from the other regions, is told of in plain words, and has everything once there is room again (I5, O1)', async () => {
    const { eu, us } = regions;
    for (const i of oneTo(3)) await tellOfStamp(eu, i);
    await regions.reached(3, 60_000);
    await routed('before');
    await waitFor('the route', async () => (await countUnpublished(eu.dataSource)) === 0 || undefined, { timeoutMs: 60_000 });
    await troubleIs([]);

    let disconnects = 0;
    eu.nats.onDisconnected(() => (disconnects += 1));
    await regions.disk!.fill();
    let sequence = 3;
    const more = async (): Promise<void> => {
      await tellOfStamp(eu, 1 + ((sequence += 1) % 7), sequence);
      await routed(`t-${sequence}`);
    };
    // Until it can write no more: what is small still finds room in pieces of the disk that are begun.
    await waitFor(
      'both streams to be in trouble',
      async () => {
        for (let i = 0; i < 50; i += 1) await more();
        return (await readTrouble(eu.dataSource)).length === 2 || undefined;
      },
      { timeoutMs: 120_000 },
    );
    for (const { because } of await readTrouble(eu.dataSource)) expect(because).toMatch(/^The NATS server/);
    await more();
    await regions.reached(sequence, heldUpMsMax);
    expect((await readTrouble(eu.dataSource)).map((t) => t.what)).toEqual(['events', 'routes']);
    // What the control plane is asked and told goes over another connection, which the server does not hold up.
    expect(disconnects).toBe(0);

    await regions.disk!.free();
    await regions.kill();
    await regions.start();
    await more();
    await troubleIs([]);
    await waitFor('the mark', async () => (await publishedThrough(eu.dataSource)) === sequence || undefined, { timeoutMs: 90_000 });
    await waitFor('the routes', async () => (await countUnpublished(eu.dataSource)) === 0 || undefined, { timeoutMs: 60_000 });
    await regions.reached(sequence, 60_000);
    const inbox = await rowsOf<{ n: number }>(us.dataSource, 'SELECT count(*)::int AS n FROM inbox WHERE origin = $1', [eu.name]);
    expect(inbox).toEqual([{ n: sequence }]);
    expect(regions.told).toEqual(oneTo(sequence));
  }, 400_000);
});
