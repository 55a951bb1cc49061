import { type Msg, headers } from '@nats-io/transport-node';
import { z } from 'zod';
import * as subjects from '@lapidary/contracts/subjects';
import { AppError } from '@lapidary/kernel/app-error';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { NatsLink } from './nats-link.js';
import { nonceHeader, PeerSeal, signatureHeader } from './peer-seal.js';
import { newRegionKey, RegionKeys } from './region-keys.js';

const logger = { info: () => undefined, warn: () => undefined };
const Num = z.object({ n: z.number() });
const key = { eu: newRegionKey('eu-1'), us: newRegionKey('us-1') };
const euName = freshRegion();
const usName = freshRegion();
const own = { [euName]: key.eu, [usName]: key.us };
const requestMs = 5_000;
/** For what must not be answered. */
const shortMs = 500;

const refused: string[] = [];
const links: NatsLink[] = [];
let nowMs = Date.now();

const keysOf = (region: string, knowsPeer = true): RegionKeys => {
  const peer = region === euName ? usName : euName;
  return new RegionKeys(region, { keys: [own[region]!.own] }, knowsPeer ? { [peer]: { keys: [own[peer]!.told] } } : {});
};

const linkOf = async (region: string, keys: RegionKeys | null = keysOf(region)): Promise<NatsLink> => {
  const peer = region === euName ? usName : euName;
  const onRefused = (what: string, why: string): void => void refused.push(`${what} ${why}`);
  const seal = keys ? new PeerSeal({ keys, peer, onRefused, now: () => nowMs }) : null;
  const sealOf = (subject: string) => {
    const parties = subjects.partiesOf(subject);
    return parties && seal ? { seal, once: parties.isCommand } : undefined;
  };
  const link = new NatsLink({ url: testNats().url, name: 'test', logger, sealOf });
  links.push(link);
  await waitFor('the link', () => link.isConnected || undefined, { timeoutMs: 60_000, intervalMs: 10 });
  return link;
};

const question = subjects.geoBackfill(euName, usName);
const command = subjects.apiForward(euName, usName);

beforeEach(() => {
  refused.length = 0;
  nowMs = Date.now();
});
afterEach(async () => {
  for (const link of links.splice(0)) await link.close();
});

/** Once the server knows of it: whatever is asked before goes to nobody. */
const isServing = async (link: NatsLink): Promise<void> => link.connection.flush();

/** Takes what is asked, as whoever has a broker can. */
const spy = async (subject: string): Promise<{ readonly heard: Msg[]; readonly link: NatsLink }> => {
  const link = await linkOf(euName, null);
  const heard: Msg[] = [];
  link.connection.subscribe(subject, { callback: (_, msg) => void heard.push(msg) });
  await link.connection.flush();
  return { heard, link };
};

it('every subject on which regions ask each other says who asks whom', () => {
  const all = [
    subjects.geoBackfill,
    subjects.geoContents,
    subjects.geoAck,
    subjects.geoDigest,
    subjects.geoSketch,
    subjects.geoRecovery,
    subjects.geoSchema,
    subjects.apiIntents,
  ];
  for (const subject of all) expect(subjects.partiesOf(subject('eu', 'us'))).toEqual({ region: 'eu', peer: 'us', isCommand: false });
  expect(subjects.partiesOf(subjects.apiForward('eu', 'us'))).toEqual({ region: 'eu', peer: 'us', isCommand: true });
  for (const other of [subjects.geoEvents('eu'), subjects.agentSync('eu'), subjects.routerExplain('eu'), subjects.directorySnapshot('eu')])
    expect(subjects.partiesOf(other)).toBe(null);
});

it('what both have signed is asked and answered: values, failures, and what is compressed', async () => {
  const [eu, us] = [await linkOf(euName), await linkOf(usName)];
  const Long = z.object({ text: z.string() });
  eu.serveJson(question, Num, ({ n }) => {
    if (n === 0) throw new AppError('not_found', 'there is none');
    return n === 1 ? { n: 2 } : { text: 'x'.repeat(100_000) };
  });
  await isServing(eu);
  expect(await us.requestJson(question, { n: 1 }, Num, requestMs)).toEqual({ n: 2 });
  expect((await us.requestJson(question, { n: 2 }, Long, requestMs)).text.length).toBe(100_000);
  await expect(us.requestJson(question, { n: 0 }, Num, requestMs)).rejects.toMatchObject({ code: 'not_found' });
  await expect(us.requestJson(subjects.geoSchema(euName, usName), {}, Num, requestMs)).rejects.toMatchObject({ code: 'not_ready' });
  expect(refused).toEqual([]);
});

it('a forged answer that is quicker keeps nobody from the true one', async () => {
  const [eu, us, forger] = [await linkOf(euName), await linkOf(usName), await linkOf(euName, null)];
  let hasForged = (): void => undefined;
  const forged = new Promise<void>((resolve) => (hasForged = resolve));
  forger.connection.subscribe(question, {
    callback: (_, msg) => {
      for (const value of ['{"n":666}', 'rubbish', '']) msg.respond(value);
      const h = headers();
      h.set('Lapidary-Error', 'region_restored');
      msg.respond('{"message":"forged"}', { headers: h });
      void forger.connection.flush().then(hasForged);
    },
  });
  await forger.connection.flush();
  eu.serveJson(question, Num, async ({ n }) => {
    await forged;
    return { n: n + 1 };
  });
  await isServing(eu);
  expect(await us.requestJson(question, { n: 1 }, Num, requestMs)).toEqual({ n: 2 });
  expect(refused).toEqual(Array.from({ length: 4 }, () => 'answer unsigned'));
});

it('an answer holds for one question: again, for another one, or as a failure it is not believed', async () => {
  const [eu, us] = [await linkOf(euName), await linkOf(usName)];
  const { heard, link: forger } = await spy(question);
  const stop = eu.serveJson(question, Num, ({ n }) => ({ n: n + 1 }));
  await isServing(eu);
  const inbox = `_INBOX.${freshRegion()}`;
  const answers: Msg[] = [];
  forger.connection.subscribe(inbox, { callback: (_, msg) => void answers.push(msg) });
  await us.requestJson(question, { n: 1 }, Num, requestMs);
  // The same question once more, as it was recorded: what is asked may be asked twice, and so there is an answer to replay.
  forger.connection.publish(question, heard[0]!.data, { headers: heard[0]!.headers, reply: inbox });
  await waitFor('a true answer', () => answers[0], { timeoutMs: 60_000 });
  stop();
  await isServing(eu);
  const [answer] = answers;
  expect(answer!.headers?.get(signatureHeader)).toMatch(/^eu-1\./);
  forger.connection.subscribe(question, { callback: (_, msg) => void msg.respond(answer!.data, { headers: answer!.headers }) });
  await forger.connection.flush();
  refused.length = 0;
  await expect(us.requestJson(question, { n: 1 }, Num, shortMs)).rejects.toMatchObject({ code: 'timeout' });
  await expect(us.requestJson(question, { n: 7 }, Num, shortMs)).rejects.toThrow(`has signed: wrong_signature`);
  expect(refused).toEqual(['answer wrong_signature', 'answer wrong_signature']);
});

describe('of requests', () => {
  const serve = async (subject: string): Promise<{ readonly done: number[] }> => {
    const done: number[] = [];
    const eu = await linkOf(euName);
    eu.serveJson(subject, Num, ({ n }) => {
      done.push(n);
      return { n };
    });
    await isServing(eu);
    return { done };
  };

  it('those that the peer has not signed are refused, and nothing of them is done', async () => {
    const { done } = await serve(question);
    const nobody = await linkOf(usName, null);
    await expect(nobody.requestJson(question, { n: 1 }, Num, requestMs)).rejects.toThrow('it is not signed');
    const thief = await linkOf(usName, new RegionKeys(usName, { keys: [key.eu.own] }));
    await expect(thief.requestJson(question, { n: 1 }, Num, requestMs)).rejects.toThrow('a key that is not known');
    expect([done, refused]).toEqual([[], ['request unsigned', 'request unknown_key']]);
  });

  it('one that was recorded is not executed again where it does something, and one from another time never', async () => {
    const { done } = await serve(command);
    const us = await linkOf(usName);
    const { heard, link: forger } = await spy(command);
    await us.requestJson(command, { n: 1 }, Num, requestMs);
    await waitFor('what was recorded', () => heard[0], { timeoutMs: 60_000 });
    const again = async (body: Uint8Array | string, change: (h: Msg['headers']) => void = () => undefined): Promise<string> => {
      const h = headers();
      for (const name of [nonceHeader, signatureHeader]) h.set(name, heard[0]!.headers!.get(name));
      change(h);
      return (await forger.connection.request(command, body, { timeout: requestMs, headers: h })).string();
    };
    expect(await again(heard[0]!.data)).toContain('asked before');
    expect(await again('{"n":2}')).toContain('its signature is not');
    expect(await again(heard[0]!.data, (h) => h!.set(nonceHeader, `${nowMs}.${'A'.repeat(22)}`))).toContain('its signature is not');
    nowMs += 6 * 60_000;
    expect(await again(heard[0]!.data)).toContain('five minutes ago');
    expect([done, refused.length]).toEqual([[1], 4]);
    // What only reads is answered whatever the clocks say.
    const reading = await serve(question);
    await us.requestJson(question, { n: 3 }, Num, requestMs);
    expect(reading.done).toEqual([3]);
  });

  it('what was executed and is forgotten is too old to be executed again: nothing is kept for longer', async () => {
    const { done } = await serve(command);
    const us = await linkOf(usName);
    for (const n of [1, 2]) await us.requestJson(command, { n }, Num, requestMs);
    nowMs += 20 * 60_000;
    await us.requestJson(command, { n: 3 }, Num, requestMs);
    expect([done, refused]).toEqual([[1, 2, 3], []]);
  });
});

describe('regions of different age and keys', () => {
  it.each<[string, () => Promise<readonly [NatsLink, NatsLink]>]>([
    ['neither signs', async () => [await linkOf(euName, null), await linkOf(usName, null)]],
    ['only who asks has keys', async () => [await linkOf(euName, null), await linkOf(usName, keysOf(usName, false))]],
    ['only who answers has keys', async () => [await linkOf(euName, keysOf(euName, false)), await linkOf(usName, null)]],
    [
      'both sign, and neither knows the other',
      async () => [await linkOf(euName, keysOf(euName, false)), await linkOf(usName, keysOf(usName, false))],
    ],
    ['only who asks knows the other', async () => [await linkOf(euName, keysOf(euName, false)), await linkOf(usName)]],
    ['only who answers knows the other', async () => [await linkOf(euName), await linkOf(usName, keysOf(usName, false))]],
  ])('understand each other where %s', async (_, open) => {
    const [eu, us] = await open();
    eu.serveJson(question, Num, ({ n }) => ({ n: n + 1 }));
    eu.serveBytes(subjects.geoSketch(euName, usName), Num, async ({ n }) => Promise.resolve(Buffer.from([n])));
    await isServing(eu);
    expect(await us.requestJson(question, { n: 1 }, Num, requestMs)).toEqual({ n: 2 });
    expect(await us.requestJson(question, { n: 2 }, Num, requestMs, { short: true })).toEqual({ n: 3 });
    expect([...(await us.requestBytes(subjects.geoSketch(euName, usName), { n: 5 }, requestMs))]).toEqual([5]);
    expect(refused).toEqual([]);
  });
});
