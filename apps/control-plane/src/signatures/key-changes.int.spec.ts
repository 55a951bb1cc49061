import { geoEvents } from '@lapidary/contracts/subjects';
import { rowsOf } from '@lapidary/db/rows';
import { waitFor } from '@lapidary/kernel/wait-for';
import { packEvents } from '@lapidary/messaging/packed-batch';
import { saidInStream } from '@lapidary/messaging/peer-seal';
import { publishToStream } from '@lapidary/messaging/streams';
import { isRegionFenced } from '../fence/recovery-rows.js';
import { numberOutbox } from '../outbox/number-outbox.js';
import { eventsBetween, readOrigin } from '../outbox/outbox-rows.js';
import { messageId, publishOutbox } from '../outbox/publish-outbox.js';
import { repairStream } from '../outbox/stream-check.js';
import { openTestRegion, stampOf, tellOfStamp, type TestRegion } from '../outbox/testing/test-region.js';
import { geodeStatus } from '../replication/geode-status.js';
import { readPosition } from '../replication/peer-position.js';
import { openMesh, type Mesh } from '../replication/testing/mesh.js';
import { logOf, oneTo } from '../replication/testing/two-regions.js';
import { tellBothWays } from '../replication/testing/both-ways.js';
import { FleetKeys } from './fleet-keys.fixture.js';
import { noteRefusals } from './refusal-rows.js';

const timeoutMs = 60_000;

const refusedOf = (region: TestRegion): string[] => (region.seals?.take() ?? []).map(({ what, why }) => `${what} ${why}`);

const withMesh = async (work: (mesh: Mesh, eu: TestRegion, us: TestRegion) => Promise<void>): Promise<void> => {
  const mesh = await openMesh(2);
  const [eu, us] = mesh.regions as [TestRegion, TestRegion];
  try {
    await work(mesh, eu, us);
  } finally {
    await mesh.close();
  }
};

it('keys come to a fleet step by step, and at each the regions go on: the code, own keys, the other’s', async () => {
  await withMesh(async (mesh, eu, us) => {
    const fleet = new FleetKeys();
    // As code of before, which neither signs nor looks.
    await tellBothWays(eu, us);
    await mesh.rekey(us, fleet.seals(us.name, [], { signing: false }));
    await tellBothWays(eu, us);
    await mesh.rekey(us, fleet.seals(us.name, []));
    await tellBothWays(eu, us);
    await mesh.rekey(eu, fleet.seals(eu.name, []));
    await tellBothWays(eu, us);
    await mesh.rekey(us, fleet.seals(us.name, [eu.name]));
    await tellBothWays(eu, us);
    expect([...refusedOf(us), ...refusedOf(eu)]).toEqual([]);
    await mesh.rekey(eu, fleet.seals(eu.name, [us.name]));
    await tellBothWays(eu, us);
    expect([...refusedOf(us), ...refusedOf(eu)]).toEqual([]);
  });
});

it('a key is changed without anything being refused; one that nobody was told of, or that is missing, costs no event either', async () => {
  await withMesh(async (mesh, eu, us) => {
    const fleet = new FleetKeys();
    await mesh.rekey(eu, fleet.seals(eu.name, [us.name]));
    await mesh.rekey(us, fleet.seals(us.name, [eu.name]));
    await tellBothWays(eu, us);
    for (const region of [eu, us]) refusedOf(region);
    // The next is told first, then signs, then the one before is forgotten.
    const keys = fleet.of(eu.name);
    const [before, next] = [keys[0]!, fleet.another()];
    keys.push(next);
    await mesh.rekey(us, fleet.seals(us.name, [eu.name]));
    await tellBothWays(eu, us);
    keys.splice(0, 2, next, before);
    await mesh.rekey(eu, fleet.seals(eu.name, [us.name]));
    await tellBothWays(eu, us);
    keys.pop();
    await mesh.rekey(us, fleet.seals(us.name, [eu.name]));
    await tellBothWays(eu, us);
    expect([...refusedOf(us), ...refusedOf(eu)]).toEqual([]);

    // A key that the other was not told of: nothing is believed, and nothing lost.
    keys.unshift(fleet.another());
    const head = (await logOf(eu)).length;
    const forgetful = fleet.seals(eu.name, [us.name]);
    await mesh.rekey(eu, forgetful);
    for (const i of oneTo(3)) await tellOfStamp(eu, 10 + i);
    await waitFor('a refusal', () => refusedOf(us).includes('answer unknown_key') || undefined, { timeoutMs });
    expect((await readPosition(us.dataSource, eu.name)).sequence).toBe(head);
    await mesh.rekey(us, fleet.seals(us.name, [eu.name]));
    await tellBothWays(eu, us);
    // Started without its keys.
    await mesh.rekey(eu, fleet.seals(eu.name, [us.name], { signing: false }));
    for (const i of oneTo(3)) await tellOfStamp(eu, 20 + i);
    const refused = await waitFor('a refusal', () => us.seals!.take().find(({ what, why }) => `${what} ${why}` === 'answer unsigned'), {
      timeoutMs,
    });
    // Why nothing comes, for whoever looks at the region that waits.
    await noteRefusals(us.dataSource, [refused]);
    const status = await geodeStatus(us.dataSource, () => undefined, [eu.name], us.seals!.keys);
    expect(status.peers[0]).toMatchObject({ link: 'cut', cutBecause: expect.stringContaining('is not believed: unsigned') });
    await mesh.rekey(eu, fleet.seals(eu.name, [us.name]));
    await tellBothWays(eu, us);
    expect(await rowsOf(us.dataSource, 'SELECT version FROM stamp WHERE name = $1', [`${eu.name}-23`])).toEqual([{ version: 1 }]);
  });
});

it('a message that looks like one of the relay’s is no sign that the database was set back where the relay signs (B2)', async () => {
  const fleet = new FleetKeys();
  const region = await openTestRegion();
  const { dataSource, nats, name } = region;
  const { keys } = fleet.seals(name, []);
  try {
    for (const i of oneTo(3)) await tellOfStamp(region, i);
    await numberOutbox(dataSource);
    await repairStream(dataSource, nats, keys);
    await publishOutbox(dataSource, nats, undefined, keys);
    const [, , last] = await eventsBetween(dataSource, await readOrigin(dataSource), 1, 3, 3);
    const further = { ...last!, originsequence: 1_000_000, data: { stamp: stampOf(name, 9) } };
    const [batch] = await packEvents([further]);
    await publishToStream(nats, geoEvents(name), batch!.packed, messageId([further]));
    // As if the stream had lost all: what it had is published again, and readers skip it.
    expect([await repairStream(dataSource, nats, keys), await isRegionFenced(dataSource)]).toEqual([3, false]);
    const own = { ...further, originsequence: 1_000_001 };
    const [signed] = await packEvents([own]);
    const signature = keys.sign(saidInStream(geoEvents(name)), signed!.packed);
    await publishToStream(nats, geoEvents(name), signed!.packed, messageId([own]), signature);
    expect([await repairStream(dataSource, nats, keys), await isRegionFenced(dataSource)]).toEqual(['set-back', true]);
  } finally {
    await region.close();
  }
});
