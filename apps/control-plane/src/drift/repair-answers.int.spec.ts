import { DigestQuestionSchema, type DigestRow, type RowsAnswer } from '@lapidary/contracts/digest-protocol';
import { geoDigest } from '@lapidary/contracts/subjects';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { systemContext } from '../http/command-context.js';
import { openTwoRegions, toolsOf } from '../replication/testing/two-regions.js';
import { recordLook } from './record-look.js';
import { repairFindings, repairsLeft } from './repair-findings.js';

/** What peers may answer to a repair that asks for a document `d`, over a real NATS server, and what it does to the region that asks. */
describe('a repair', () => {
  let eu: CollectionRegion;
  let us: CollectionRegion;
  let close: () => Promise<void>;
  const stops: (() => void)[] = [];

  beforeEach(async () => {
    const two = await openTwoRegions();
    [eu, us] = [new CollectionRegion(two.eu), new CollectionRegion(two.us)];
    close = async () => two.close();
    for (const region of [eu, us]) await region.define('settings', definitionOf({ kind: 'lww' }));
    for (const id of ['d', 'victim']) await eu.write('settings', id, { op: 'put', value: { n: 1 } });
    for (const id of ['d', 'victim']) await us.write('settings', id, { op: 'put', value: { n: 666 } });
  });
  afterEach(async () => {
    stops.splice(0).forEach((stop) => stop());
    await close();
  });

  const context = () => systemContext(eu.region.name, 'test', newId());
  const rowOf = async (id: string): Promise<DigestRow> => {
    const query = `SELECT tenant, id, digest, document_state(document) AS state, NULL AS automerge FROM document WHERE id = $1`;
    const [row] = await rowsOf<DigestRow>(us.region.dataSource, query, [id]);
    return { ...row!, held: false };
  };
  /** Answers as the region `peer` would that means it badly. */
  const answerAs = (peer: string, answer: Partial<RowsAnswer>): void =>
    void stops.push(
      us.region.nats.serveJson(geoDigest(peer, eu.region.name), DigestQuestionSchema, () =>
        Promise.resolve({ known: {}, rows: [], cut: false, ...answer }),
      ),
    );
  const find = async (kind: 'data-digest' | 'scrub', subject: string): Promise<void> =>
    await inTransaction(eu.region.dataSource, async (tx) => {
      const [expected, observed, severity, owner] = ['x', 'y', 'warning', 'platform'] as const;
      const difference = { kind, subject, path: 'lww /d', expected, observed, severity, owner };
      await recordLook(tx, context(), eu.region.clock, { kind, looked: [], skipped: [], differences: [difference] });
    });
  const repair = async (peers: readonly string[]) => {
    const { name, dataSource, nats } = eu.region;
    const links = new Map<string, NatsLink>(peers.map((peer) => [peer, nats]));
    const routes = { region: name, dataSource, nats, replicas: () => Promise.resolve([]) };
    const deps = { region: name, dataSource, tools: toolsOf(eu.region).collections, links, routes };
    return await repairFindings(deps, context(), { dryRun: false }, new AbortController().signal);
  };

  it.each([
    ['another document', async () => [await rowOf('victim')]],
    ['one more than was asked for', async () => [await rowOf('d'), await rowOf('victim')]],
    ['the document of another tenant', async () => [{ ...(await rowOf('d')), tenant: 'acme' }]],
    ['none at all', async () => Promise.resolve([])],
  ])('is refused where the peer answers %s, and nothing is written', async (_, rows) => {
    await find('data-digest', `replica/${us.region.name}.settings`);
    answerAs(us.region.name, { rows: await rows() });
    expect(await repair([us.region.name])).toMatchObject([{ outcome: 'refused', why: expect.stringContaining('form') as string }]);
    for (const id of ['d', 'victim']) expect(await eu.value('settings', id)).toEqual({ n: 1 });
    expect(await rowsOf(eu.region.dataSource, 'SELECT DISTINCT tenant FROM document')).toEqual([{ tenant: '' }]);
  });

  it('says how many it has left to the next run, also where it is a dry one', async () => {
    const { dataSource, clock, name, nats } = eu.region;
    await inTransaction(dataSource, async (tx) => {
      const differences = Array.from({ length: 503 }, (_, i) => ({
        ...{ kind: 'data-digest' as const, subject: `replica/${us.region.name}.settings`, path: `of no document ${i}` },
        ...{ expected: 'x', observed: 'y', severity: 'warning' as const, owner: 'platform' },
      }));
      await recordLook(tx, context(), clock, { kind: 'data-digest', looked: [], skipped: [], differences });
    });
    const links = new Map<string, NatsLink>([[us.region.name, nats]]);
    const routes = { region: name, dataSource, nats, replicas: () => Promise.resolve([]) };
    const deps = { region: name, dataSource, tools: toolsOf(eu.region).collections, links, routes };
    const request = { dryRun: true };
    const tried = await repairFindings(deps, context(), request, new AbortController().signal);
    expect([tried.length, await repairsLeft(dataSource, links, request, tried)]).toEqual([500, 3]);
    expect(await repairsLeft(dataSource, links, { ...request, finding: tried[0]!.finding }, tried)).toBe(0);
  });

  it('takes the document that it asked for', async () => {
    await find('data-digest', `replica/${us.region.name}.settings`);
    answerAs(us.region.name, { rows: [await rowOf('d')] });
    expect(await repair([us.region.name])).toMatchObject([{ outcome: 'merged' }]);
    expect(await eu.value('settings', 'd')).toEqual({ n: 666 });
    expect(await eu.value('settings', 'victim')).toEqual({ n: 1 });
  });

  describe('of what every peer refuses', () => {
    const rounds = async () =>
      await rowsOf(eu.region.dataSource, 'SELECT repair_rounds AS rounds, quarantined_at IS NOT NULL AS quarantined FROM drift_finding');
    const audited = async () => await rowsOf(eu.region.dataSource, `SELECT 1 FROM audit WHERE action = 'drift.repair'`);
    const peers = () => [us.region.name, `${us.region.name}b`, `${us.region.name}c`];

    beforeEach(async () => find('scrub', 'collection/settings'));

    it('is one round, however many peers there are', async () => {
      const state = { kind: 'counter' };
      for (const peer of peers()) answerAs(peer, { rows: [{ ...(await rowOf('d')), state }] });
      expect(await repair(peers())).toMatchObject([{ outcome: 'refused', why: expect.stringContaining('another kind') as string }]);
      expect(await rounds()).toEqual([{ rounds: 1, quarantined: false }]);
      await repair(peers());
      await repair(peers());
      expect(await rounds()).toEqual([{ rounds: 3, quarantined: true }]);
      expect(await audited()).toHaveLength(3);
    });

    it('is no round where it is being changed at one of them', async () => {
      const [first, ...others] = peers();
      answerAs(first!, { rows: [{ ...(await rowOf('d')), held: true }] });
      for (const peer of others) answerAs(peer, { rows: [{ ...(await rowOf('d')), state: { kind: 'counter' } }] });
      for (let round = 0; round < 4; round++)
        expect(await repair(peers())).toMatchObject([{ outcome: 'refused', why: expect.stringContaining('being changed') as string }]);
      expect(await rounds()).toEqual([{ rounds: 0, quarantined: false }]);
    });
  });

  it('hundreds of findings about a region that is away keep nobody else’s from being repaired, and it is not asked for each', async () => {
    const difference = {
      kind: 'data-digest',
      path: 'lww /d',
      expected: 'x',
      observed: 'y',
      severity: 'warning',
      owner: 'platform',
    } as const;
    await inTransaction(eu.region.dataSource, async (tx) => {
      const differences = Array.from({ length: 600 }, (_, i) => ({ ...difference, subject: 'replica/zz.settings', path: `lww /d${i}` }));
      await recordLook(tx, context(), eu.region.clock, { kind: 'data-digest', looked: [], skipped: [], differences });
    });
    await find('data-digest', `replica/${us.region.name}.settings`);
    answerAs(us.region.name, { rows: [await rowOf('d')] });
    const results = await repair([us.region.name, 'zz']);
    expect(results.filter((r) => r.subject !== 'replica/zz.settings')).toMatchObject([{ path: 'lww /d', outcome: 'merged' }]);
    expect(results.length).toBeLessThan(5);
  });
});
