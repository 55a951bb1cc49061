import { rowsOf } from '@lapidary/db/rows';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { AckReplySchema } from '@lapidary/contracts/events/peer-link';
import { geoAck, geoEvents } from '@lapidary/contracts/subjects';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import { packEvents } from '@lapidary/messaging/packed-batch';
import { saidInStream } from '@lapidary/messaging/peer-seal';
import { RegionKeys } from '@lapidary/messaging/region-keys';
import { publishToStream } from '@lapidary/messaging/streams';
import { testNats } from '@lapidary/testing/backends';
import { isRegionFenced } from '../fence/recovery-rows.js';
import { messageId } from '../outbox/publish-outbox.js';
import { stampOf, tellOfStamp, testLink, type TestRegion } from '../outbox/testing/test-region.js';
import { geodeStatus } from '../replication/geode-status.js';
import { readPosition } from '../replication/peer-position.js';
import { openMesh, type Mesh } from '../replication/testing/mesh.js';
import { logOf } from '../replication/testing/two-regions.js';
import { FleetKeys } from './fleet-keys.fixture.js';
import { noteRefusals } from './refusal-rows.js';

const timeoutMs = 60_000;
const fleet = new FleetKeys();

let mesh: Mesh;
let eu: TestRegion;
let us: TestRegion;
let told = 0;

const open = async (signed: boolean): Promise<void> => {
  mesh = await openMesh(2, (name, names) => (signed ? fleet.seals(name, names) : undefined));
  [eu, us] = mesh.regions as [TestRegion, TestRegion];
  await waitFor('the stream itself to be read', async () => (await passesOn(), await hasReadStream()), { timeoutMs });
};

/** What is told after it arrives, from its very place: nothing has been taken for it, and nothing stands in its way. */
const passesOn = async (): Promise<void> => {
  told += 1;
  await tellOfStamp(eu, 100 + told, told);
  const [last] = (await logOf(eu)).slice(-1);
  await waitFor(`event ${last!.originsequence}`, async () => (await hasTaken(last!)) || undefined, { timeoutMs });
  expect((await readPosition(us.dataSource, eu.name)).sequence).toBe(last!.originsequence);
};

const hasTaken = async ({ id, originsequence }: EventEnvelope): Promise<boolean> => {
  const sql = 'SELECT 1 FROM inbox WHERE origin = $1 AND event_id = $2 AND sequence = $3';
  return (await rowsOf(us.dataSource, sql, [eu.name, id, originsequence])).length > 0;
};
const hasReadStream = async (): Promise<unknown> =>
  (await rowsOf(us.dataSource, 'SELECT 1 FROM version_vector WHERE origin = $1 AND stream_hint > 0', [eu.name]))[0];
const stampsOf = async (name: string): Promise<unknown[]> =>
  await rowsOf(us.dataSource, 'SELECT version FROM stamp WHERE name = $1', [name]);
const refusedLetters = async (): Promise<string[]> =>
  (
    await rowsOf<{ error: string }>(us.dataSource, `SELECT error FROM dead_letter WHERE origin = $1 AND state = 'refused' ORDER BY id`, [
      eu.name,
    ])
  ).map(({ error }) => error);

/** Like the region's last event, in the place of the next: a stamp that is not there. */
const forgedAfter = (last: EventEnvelope): EventEnvelope => ({
  ...last,
  id: newId(),
  originsequence: last.originsequence + 1,
  type: 'lapidary.stamp.updated.v1',
  subject: `stamp/${eu.name}-66`,
  data: { stamp: stampOf(eu.name, 66, 1_000) },
});
const packed = async (event: EventEnvelope): Promise<Uint8Array> => (await packEvents([event]))[0]!.packed;
const last = async (): Promise<EventEnvelope> => (await logOf(eu)).at(-1)!;

interface Forged {
  readonly payload: Uint8Array;
  readonly signature?: string;
  readonly id?: string;
}

afterEach(async () => mesh.close());

it('without its key, who has a region’s password tells what it likes in its name: what the signatures are for', async () => {
  await open(false);
  await publishToStream(eu.nats, geoEvents(eu.name), await packed(forgedAfter(await last())));
  await waitFor('the forged event', async () => (await stampsOf(`${eu.name}-66`))[0], { timeoutMs });
  expect(await refusedLetters()).toEqual([]);
});

describe('in the stream of a region that signs', () => {
  const said = (): readonly string[] => saidInStream(geoEvents(eu.name));
  const stranger = (kid: string): RegionKeys => new RegionKeys(eu.name, { keys: [{ ...fleet.another().own, kid }] });

  it.each<[string, string | null, (event: EventEnvelope) => Promise<Forged>]>([
    ['an event without a signature', 'the message is not signed', async (e) => ({ payload: await packed(e) })],
    [
      'an event that looks as if the relay had published it',
      'the message is not signed',
      async (e) => ({ payload: await packed(e), id: messageId([e]) }),
    ],
    [
      'an event signed with a key of nobody',
      'with a key that is not known',
      async (e) => {
        const payload = await packed(e);
        return { payload, signature: stranger('stranger').sign(said(), payload) };
      },
    ],
    [
      'an event signed with another key under the name of the right one',
      'by somebody else',
      async (e) => {
        const payload = await packed(e);
        return { payload, signature: stranger(fleet.of(eu.name)[0]!.own.kid).sign(said(), payload) };
      },
    ],
    [
      'an event signed by another region of the fleet',
      'with a key that is not known',
      async (e) => {
        const payload = await packed(e);
        return { payload, signature: us.seals!.keys.sign(said(), payload) };
      },
    ],
    [
      'a message of another region’s stream, as that one has signed it',
      'with a key that is not known',
      async (e) => {
        const payload = await packed({ ...e, originregion: us.name });
        return { payload, signature: us.seals!.keys.sign(saidInStream(geoEvents(us.name)), payload) };
      },
    ],
    [
      'a signed message that was cut',
      'by somebody else',
      async () => {
        const payload = await packed(await last());
        return { payload: payload.subarray(0, -1), signature: eu.seals!.keys.sign(said(), payload) };
      },
    ],
    [
      'the signature of another message',
      'by somebody else',
      async (e) => ({ payload: await packed(e), signature: eu.seals!.keys.sign(said(), await packed(await last())) }),
    ],
    [
      'what the region has signed as an answer',
      'by somebody else',
      async (e) => {
        const payload = await packed(e);
        return { payload, signature: eu.seals!.keys.sign(['answer', geoEvents(eu.name)], payload) };
      },
    ],
    [
      'a message that the region has signed, once more',
      null,
      async () => {
        const payload = await packed(await last());
        return { payload, signature: eu.seals!.keys.sign(said(), payload) };
      },
    ],
  ])('%s is never applied, and keeps nothing true from its place', async (_, why, forge) => {
    await open(true);
    const event = forgedAfter(await last());
    const before = (await readPosition(us.dataSource, eu.name)).sequence;
    const { payload, signature, id } = await forge(event);
    await publishToStream(eu.nats, geoEvents(eu.name), payload, id, signature);
    if (why !== null) await waitFor('what was refused', async () => (await refusedLetters())[0], { timeoutMs });
    expect((await readPosition(us.dataSource, eu.name)).sequence).toBe(before);
    await passesOn();
    expect(await stampsOf(`${eu.name}-66`)).toEqual([]);
    expect(await refusedLetters()).toEqual(why === null ? [] : [expect.stringContaining(why)]);
    // Told: which peer, what, and why, to whoever asks any replica.
    const counted = us.seals!.take();
    expect(counted.map(({ peer, what, times }) => [peer, what, times])).toEqual(why === null ? [] : [[eu.name, 'events', 1]]);
    await noteRefusals(us.dataSource, counted);
    const { signing, peers } = await geodeStatus(us.dataSource, () => undefined, [eu.name], us.seals!.keys);
    expect([signing, peers[0]!.signatures]).toMatchObject([
      true,
      { required: true, refused: why === null ? [] : [{ what: 'events', why: counted[0]!.why, times: 1 }] },
    ]);
    expect((await rowsOf(us.dataSource, `SELECT 1 FROM dead_letter WHERE state <> 'refused'`)).length).toBe(0);
  });

  it('a flood of forged messages is counted, a part of it is kept to be looked at, and what is true comes from behind it', async () => {
    await open(true);
    const flood = 1_000;
    const forged = await packed(forgedAfter(await last()));
    for (let at = 0; at < flood; at += 250)
      await Promise.all(Array.from({ length: 250 }, async () => publishToStream(eu.nats, geoEvents(eu.name), forged)));
    await passesOn();
    let counted = 0;
    await waitFor(
      'all to be counted',
      () => (counted += us.seals!.take().reduce((sum, { times }) => sum + times, 0)) === flood || undefined,
      { timeoutMs },
    );
    const kept = (await refusedLetters()).length;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(flood / 2);
    expect(await stampsOf(`${eu.name}-66`)).toEqual([]);
  });

  it('what it told of an epoch before, signed as it was then, is old and changes nothing', async () => {
    await open(true);
    const old = (await logOf(eu)).map(async (e) => packed(e));
    await eu.dataSource.query('UPDATE origin SET epoch = epoch + 1');
    await eu.dataSource.query('UPDATE origin SET sequence = 0');
    await eu.dataSource.query('TRUNCATE outbox, outbox_number CASCADE');
    await waitFor('the next epoch', async () => (await readPosition(us.dataSource, eu.name)).epoch === 2 || undefined, { timeoutMs });
    for (const payload of await Promise.all(old))
      await publishToStream(eu.nats, geoEvents(eu.name), payload, newId(), eu.seals!.keys.sign(said(), payload));
    await tellOfStamp(eu, 7, 2);
    await waitFor('an event of the next epoch', async () => (await stampsOf(`${eu.name}-7`))[0], { timeoutMs });
    expect(await readPosition(us.dataSource, eu.name)).toMatchObject({ epoch: 2, sequence: (await logOf(eu)).length });
    expect(await refusedLetters()).toEqual([]);
  });
});

it('a forged greeting, which says that a region has forgotten a billion events, fences it no more (B2)', async () => {
  await open(true);
  const thief = await testLink(testNats().url, 'test:thief');
  const lie = { peer: us.name, epoch: 1, sequence: 1e9, last: { sequence: 1e9, event: newId() } };
  try {
    await expect(thief.requestJson(geoAck(eu.name, us.name), lie, AckReplySchema, timeoutMs)).rejects.toThrow('it is not signed');
    expect([await isRegionFenced(eu.dataSource), eu.seals!.take()]).toEqual([
      false,
      [{ peer: us.name, what: 'request', why: 'unsigned', times: 1 }],
    ]);
    await passesOn();
    // Without keys it is believed, and does fence.
    await mesh.rekey(eu, undefined);
    await eu.nats.connection.flush();
    await thief.requestJson(geoAck(eu.name, us.name), lie, AckReplySchema, timeoutMs);
    expect(await isRegionFenced(eu.dataSource)).toBe(true);
  } finally {
    await thief.close();
  }
});
