import type { GeodeView } from '@lapidary/contracts/api/replication';
import { geoStream } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { jetstreamManager } from '@nats-io/jetstream';
import { askGeode, openGeode } from '../../test/geode.js';
import { SystemModule } from '../http/system.module.js';
import { publishedThrough } from './published-through.js';

it('a control plane whose stream takes nothing is ready and says so with the reason, as the status of its region does, until it does again', async () => {
  const [region, peer] = [freshRegion(), freshRegion()];
  const geode = await openGeode(region, { region: peer, natsUrl: testNats().url }, [SystemModule]);
  const { dataSource, nats } = geode.resources;
  const limitMessages = async (bytes: number): Promise<void> => {
    const { streams } = await jetstreamManager(nats.connection, { checkAPI: false });
    await streams.update(geoStream(region), { max_msg_size: bytes });
  };
  const create = async (id: string): Promise<void> => {
    const { status } = await askGeode(geode, 'POST', '/v1/tenants', { id, region });
    expect([201, 202]).toContain(status);
  };
  const impaired = async (): Promise<unknown> => {
    const { status, body } = await askGeode(geode, 'GET', '/readyz');
    expect([status, body['status']]).toEqual([200, 'ready']);
    return body['impaired'];
  };
  const published = async (): Promise<GeodeView['publishing']> =>
    (await askGeode(geode, 'GET', '/v1/geode')).body['publishing'] as GeodeView['publishing'];
  try {
    await create('first');
    await waitFor('the first event', async () => (await publishedThrough(dataSource)) > 0 || undefined, { timeoutMs: 60_000 });
    expect([await impaired(), await published()]).toEqual([undefined, []]);
    await limitMessages(64);
    await create('second');
    const why = await waitFor('the trouble', async () => (await impaired()) ?? undefined, { timeoutMs: 60_000 });
    const [trouble] = (await published())!;
    expect(trouble).toMatchObject({ what: 'events', because: 'The NATS server refuses: message size exceeds maximum allowed' });
    expect(why).toEqual([`events are not published since ${trouble!.since}: ${trouble!.because}`]);
    await limitMessages(-1);
    await waitFor('its end', async () => (await impaired()) === undefined || undefined, { timeoutMs: 60_000 });
    expect(await published()).toEqual([]);
  } finally {
    await geode.close();
  }
});
