import type { FindingRepair, RepairRequest } from '@lapidary/contracts/api/drift';
import { DigestQuestionSchema } from '@lapidary/contracts/digest-protocol';
import { PeerDigestQuestionSchema } from '@lapidary/contracts/fleet-protocol';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { geoDigest } from '@lapidary/contracts/subjects';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { answerDigest } from '../digests/answer-digest.js';
import { compareFleet, type ComparedFleet } from '../digests/compare-fleet.js';
import { PeerFleet } from '../digests/peer-fleet.js';
import { serveDigests } from '../digests/testing/serve-digests.js';
import { systemContext } from '../http/command-context.js';
import type { TestRegion } from '../outbox/testing/test-region.js';
import { recordNameConflict } from '../replication/conflicts.js';
import { handOver, logOf, openTwoRegions, tellOfTenant, tenantOf, toolsOf } from '../replication/testing/two-regions.js';
import { activateStamp } from '../stamps/activate-stamp.js';
import { setCordon } from '../stamps/cordon-stamp.js';
import { declareStamp } from '../stamps/declare-stamp.js';
import { updateTenant } from '../tenants/change-tenant.js';
import { createTenant } from '../tenants/create-tenant.js';
import type { TenantTools } from '../tenants/tenant-row.js';
import type { Look } from './difference.js';
import type { DriftFacts, World } from './drift-facts.js';
import { listFindings } from './finding-rows.js';
import { recordLook } from './record-look.js';
import { repairFindings } from './repair-findings.js';
import { roundsMax } from './repair-states.js';
import { fleetDigestSensor } from './sensors/fleet-digest.js';

describe('stamps, tenants, placements and definitions of another region', () => {
  let eu: TestRegion;
  let us: TestRegion;
  let ends: (() => unknown)[];
  const signal = new AbortController().signal;

  beforeEach(async () => {
    const two = await openTwoRegions();
    ({ eu, us } = two);
    ends = [async () => two.close(), serveDigests(eu, us.name), serveDigests(us, eu.name)];
    await write(eu, async (tx) => {
      const spec = { ...{ name: `${eu.name}-1`, region: eu.name, driver: 'local', profile: 'small', ring: 'broad', isolation: 'pooled' } };
      const whole = { ...spec, capacity: { units: 50 }, workload: { version: '0.1.0' }, labels: { owner: 'ann' } } as unknown as StampSpec;
      await declareStamp(tx, context(eu), eu.clock, whole);
      const outputs = {
        frontDoors: ['http://one.test:8000'],
        agentTokenSha256: 'a'.repeat(64),
        templateVersion: '1',
        graphDigest: 'b'.repeat(64),
      };
      await activateStamp(tx, context(eu), eu.clock, whole.name, outputs);
    });
    for (const id of ['acme', 'bank', 'corp']) await create(eu, id);
    await new CollectionRegion(eu).define('settings', definitionOf({ kind: 'lww' }));
    await heal();
  });
  afterEach(async () => {
    for (const end of ends.reverse()) await end();
  });

  const context = ({ name }: TestRegion) => systemContext(name, 'test', newId());
  const write = async <T>({ dataSource }: TestRegion, work: (tx: Tx) => Promise<T>): Promise<T> => await inTransaction(dataSource, work);
  const tenants = ({ clock }: TestRegion): TenantTools => ({ clock, baseDomain: 'test' });
  const create = async (at: TestRegion, id: string): Promise<unknown> =>
    await write(at, async (tx) => {
      const input = { id, region: at.name, weight: 1, residency: [], tier: 'pooled', labels: { n: '1' }, hosts: [`www.${id}.example`] };
      return await createTenant(tx, context(at), tenants(at), input as never);
    });
  const sql = async ({ dataSource }: TestRegion, text: string): Promise<void> => void (await dataSource.query(text));
  const heal = async (): Promise<void> => {
    await handOver(eu, us);
    await handOver(us, eu);
  };
  const other = (at: TestRegion): TestRegion => (at === eu ? us : eu);
  const compare = async (at: TestRegion, nonce: string | null = null): Promise<ComparedFleet> =>
    await compareFleet(at.dataSource, new PeerFleet(at.name, other(at).name, at.nats), nonce, signal);
  const drifted = async (at: TestRegion): Promise<string[]> => (await compare(at)).drifted.map(({ table, key }) => `${table} ${key}`);
  const facts = { defaultOwner: 'platform' } as unknown as DriftFacts;
  /** As a run looks and records. Findings are events too, and a comparison waits until both regions know what the other has told. */
  const look = async (at: TestRegion, skipped: readonly unknown[] = []): Promise<string[]> => {
    const world = {
      peers: [other(at).name],
      compareFleet: async (_peer: string, nonce: string | null) => compare(at, nonce),
    } as unknown as World;
    for await (const seen of fleetDigestSensor.look({ facts, world, signal, nonce: newId().toLowerCase(), isOfOneStamp: false })) {
      expect(seen).toMatchObject({ planted: 'found', skipped });
      await write(at, async (tx) => recordLook(tx, context(at), at.clock, seen));
    }
    await heal();
    const open = await listFindings(at.dataSource, { state: 'open', before: null, limit: 1_000 });
    return open.map((f) => `${f.subject} ${f.path}`).sort();
  };
  const repair = async (at: TestRegion, request: Partial<RepairRequest> = {}): Promise<string[]> => {
    const { name, dataSource, nats } = at;
    const links = new Map<string, NatsLink>([[other(at).name, nats]]);
    const routes = { region: name, dataSource, nats, replicas: () => Promise.resolve([]) };
    const deps = { region: name, dataSource, tools: toolsOf(at).collections, links, routes };
    const repairs: FindingRepair[] = await repairFindings(deps, context(at), { dryRun: false, ...request }, signal);
    return repairs.map((r) => `${r.path} ${r.outcome}`);
  };
  const ofEu = (...paths: string[]): string[] => paths.map((path) => `region/${eu.name} ${path}`);

  it('are the same in two regions that nobody touched, and what is planted is found', async () => {
    for (const at of [eu, us])
      expect(await compare(at, newId().toLowerCase())).toEqual({ drifted: [], unjudged: [], more: false, planted: 'found' });
    const [stamp] = await rowsOf(us.dataSource, `SELECT 1 FROM stamp WHERE name LIKE 'planted%'`);
    expect(stamp).toBeUndefined();
  });

  it.each<[string, string, string]>([
    [
      'a tenant that is lost',
      `DELETE FROM placement WHERE tenant = 'bank'; DELETE FROM tenant_hostname WHERE tenant = 'bank'; DELETE FROM tenant WHERE id = 'bank'`,
      'tenant bank',
    ],
    ['a tenant’s status', `UPDATE tenant SET status = 'suspended' WHERE id = 'bank'`, 'tenant bank'],
    ['a tenant’s residency', `UPDATE tenant SET residency = '{nowhere}' WHERE id = 'bank'`, 'tenant bank'],
    ['a tenant’s labels', `UPDATE tenant SET labels = '{}' WHERE id = 'bank'`, 'tenant bank'],
    ['a placement that is lost', `UPDATE placement SET is_current = false WHERE tenant = 'bank'`, 'tenant bank'],
    ['a placement’s units', `UPDATE placement SET units = 9 WHERE tenant = 'bank'`, 'tenant bank'],
    ['a host name', `INSERT INTO tenant_hostname (hostname, tenant, claim_hlc) VALUES ('stolen.example', 'bank', '0')`, 'tenant bank'],
    ['a stamp’s front doors', `UPDATE stamp SET front_doors = '{http://elsewhere}'`, 'stamp $1-1'],
    ['a stamp’s capacity', `UPDATE stamp SET capacity_units = 1000`, 'stamp $1-1'],
    ['a definition that is lost', `DELETE FROM collection`, 'definition settings'],
    [
      'a definition',
      `UPDATE collection SET definition = jsonb_set(definition, '{siblings,0,value,policy,rules}', '{"price":"highest"}')`,
      'definition settings',
    ],
  ])('%s that was changed by hand is found and named by whoever keeps it, and put right from its region', async (_, change, path) => {
    await sql(us, change);
    const found = ofEu(path.replace('$1', eu.name));
    expect(await look(us)).toEqual(found);
    const before = await repair(us, { dryRun: true });
    expect(before).toHaveLength(1);
    expect(before[0]).toMatch(/ (restored|merged)$/);
    expect(await look(us)).toEqual(found);
    expect(await repair(us)).toEqual(before);
    expect([await look(us), await look(eu)]).toEqual([[], []]);
  });

  it('many that are lost, stamps before the tenants that are placed on them, and an event later goes on from there', async () => {
    await sql(us, `DELETE FROM placement; DELETE FROM tenant_hostname; DELETE FROM tenant; DELETE FROM stamp; DELETE FROM collection`);
    const lost = ['definition settings', `stamp ${eu.name}-1`, 'tenant acme', 'tenant bank', 'tenant corp'];
    expect(await look(us)).toEqual(ofEu(...lost));
    expect(await repair(us)).toEqual(lost.map((path) => `${path} ${path.startsWith('definition') ? 'merged' : 'restored'}`));
    expect(await look(us)).toEqual([]);
    const cordon = { name: `${eu.name}-1`, cordoned: true, reason: 'work', ifMatch: undefined };
    await write(eu, async (tx) => setCordon(tx, context(eu), eu.clock, cordon));
    await heal();
    expect(await rowsOf(us.dataSource, 'SELECT cordoned FROM stamp')).toEqual([{ cordoned: true }]);
    expect(await look(us)).toEqual([]);
  });

  it('an event that took no effect, though both regions know of it, is found', async () => {
    await create(eu, 'ghost');
    const told = (await logOf(eu)).filter((event) => event.subject === 'tenant/ghost');
    for (const event of told)
      await us.dataSource.query(`INSERT INTO inbox (event_id, origin, epoch, sequence, type) VALUES ($1, $2, 1, $3, 'x')`, [
        event.id,
        eu.name,
        event.originsequence,
      ]);
    await heal();
    expect(await rowsOf(us.dataSource, `SELECT 1 FROM tenant WHERE id = 'ghost'`)).toEqual([]);
    expect(await look(us)).toEqual(ofEu('tenant ghost'));
    expect(await repair(us)).toEqual(['tenant ghost restored']);
    expect(await look(us)).toEqual([]);
  });

  it('a row that its region does not have is named, and left to a person', async () => {
    await sql(
      us,
      `INSERT INTO tenant (id, home_region, status, weight, tier, hlc) VALUES ('nobodys', '${eu.name}', 'pending', 1, 'pooled', '')`,
    );
    expect(await look(us)).toEqual(ofEu('tenant nobodys'));
    for (let round = 0; round < 3; round++) expect(await repair(us)).toEqual(['tenant nobodys refused']);
    expect(await repair(us)).toEqual([]);
    expect(await rowsOf(us.dataSource, `SELECT 1 FROM tenant WHERE id = 'nobodys'`)).toHaveLength(1);
  });

  it('a placement whose epoch is higher here than its region says is refused, since an epoch never goes down (I1)', async () => {
    await sql(us, `UPDATE placement SET epoch = 7 WHERE tenant = 'bank'; UPDATE tenant SET placement_epoch = 7 WHERE id = 'bank'`);
    expect(await look(us)).toEqual(ofEu('tenant bank'));
    expect(await repair(us)).toEqual(['tenant bank refused']);
    expect(await rowsOf(us.dataSource, `SELECT epoch FROM placement WHERE tenant = 'bank' AND is_current`)).toEqual([{ epoch: 7 }]);
    expect(await rowsOf(us.dataSource, 'SELECT 1 FROM refused_epoch')).toEqual([]);
    // What no repair helps ends in quarantine, and is not tried again by itself for ever.
    for (let round = 1; round < roundsMax; round++) await repair(us);
    expect(await repair(us)).toEqual([]);
    const [finding] = await listFindings(us.dataSource, { state: 'open', before: null, limit: 2 });
    expect(finding).toMatchObject({ repair_rounds: roundsMax, quarantined_at: expect.any(Date) as Date });
  });

  it('a row that can’t be judged keeps none of the others from being seen in order', async () => {
    await sql(us, `UPDATE tenant SET weight = 7 WHERE id IN ('bank', 'corp')`);
    expect(await look(us)).toEqual(ofEu('tenant bank', 'tenant corp'));
    // An event of "corp" is parked: what is here of it is known to be old, and that it differs says nothing.
    await sql(
      us,
      `INSERT INTO dead_letter (id, origin, epoch, sequence, type, subject, event, error) VALUES ('x', 'x', 1, 1, 'x', 'tenant/corp', '{}', 'x')`,
    );
    const [bank] = (await listFindings(us.dataSource, { state: 'open', before: null, limit: 9 })).filter((f) => f.path === 'tenant bank');
    expect(await repair(us, { finding: bank!.id })).toEqual(['tenant bank restored']);
    expect(await look(us, [expect.objectContaining({ subject: `region/${eu.name}` })])).toEqual(ofEu('tenant corp'));
  });

  it('what is on its way, parked, or a name of two regions is no drift', async () => {
    await create(eu, 'new');
    await handOver(us, eu);
    const compared = compare(us);
    // The comparison has to wait for what the owner had told at its first look.
    await handOver(eu, us);
    expect((await compared).drifted).toEqual([]);
    await tellOfTenant(eu, {
      ...tenantOf(eu.name, 'lost'),
      placement: { stamp: `${eu.name}-9`, epoch: 1, units: 1, decidedAt: new Date().toISOString(), servingAt: null },
    });
    await sql(
      eu,
      `INSERT INTO tenant (id, home_region, status, weight, tier, hlc) VALUES ('lost', '${eu.name}', 'placed', 1, 'pooled', '')`,
    );
    await heal();
    expect(await rowsOf(us.dataSource, `SELECT subject FROM dead_letter WHERE state = 'open'`)).toEqual([{ subject: 'tenant/lost' }]);
    expect(await compare(us)).toMatchObject({ drifted: [], unjudged: [{ table: 'tenant', key: 'lost' }] });
    await create(us, 'both');
    await create(eu, 'both');
    await heal();
    await heal();
    expect([await drifted(us), await drifted(eu)]).toEqual([[], []]);
  });

  const contested = async (winner: string, loser: string): Promise<void> => {
    await sql(eu, `INSERT INTO region VALUES ('zz', 'zz', 'zz', 0, 0, 'none') ON CONFLICT DO NOTHING`);
    const claimed = (region: string) => ({ region, hlc: '', tenant: null });
    await write(eu, async (tx) => recordNameConflict(tx, 'both', claimed(winner), claimed(loser)));
  };

  it('a tenant whose name another region had given out, too, is compared as any other where its copy is kept', async () => {
    await create(us, 'both');
    await heal();
    await contested(us.name, 'zz');
    expect(await look(eu)).toEqual([]);
    await sql(eu, `UPDATE tenant SET weight = 7 WHERE id = 'both'`);
    expect(await look(eu)).toEqual([`region/${us.name} tenant both`]);
    expect(await repair(eu)).toEqual(['tenant both restored']);
    expect(await look(eu)).toEqual([]);
  });

  it('the copy of one that lost its name is found where the winner’s must be, and gives way; where the other had won it is as it must be', async () => {
    await create(us, 'both');
    await heal();
    await contested('zz', us.name);
    await sql(eu, `UPDATE tenant SET home_region = 'zz', weight = 7 WHERE id = 'both'`);
    expect(await look(eu)).toEqual([]);
    await sql(eu, `DELETE FROM conflict; UPDATE tenant SET claim_hlc = '~' WHERE id = 'both'`);
    await contested(us.name, 'zz');
    expect(await look(eu)).toEqual([`region/${us.name} tenant both`]);
    expect(await repair(eu)).toEqual(['tenant both restored']);
    expect(await look(eu)).toEqual([]);
  });

  it('a region of the version before is told nothing of names that two regions gave out, since it would take that for drift', async () => {
    await create(eu, 'both');
    await contested(eu.name, 'zz');
    const ask = async (contestedToo: object) =>
      await answerDigest(
        eu.dataSource,
        us.name,
        PeerDigestQuestionSchema.parse({ want: 'fleet-buckets', table: 'tenant', ...contestedToo }),
      );
    const rows = (answer: unknown) => (answer as { buckets: { rows: number }[] }).buckets.reduce((sum, b) => sum + b.rows, 0);
    expect([rows(await ask({})), rows(await ask({ contested: true }))]).toEqual([3, 4]);
  });

  it('a region of the version before, which does not know the question, is passed over', async () => {
    const peer = `${us.name}old`;
    ends.push(us.nats.serveJson(geoDigest(peer, eu.name), DigestQuestionSchema, () => ({ domains: [] })));
    const compareOld = async () => compareFleet(eu.dataSource, new PeerFleet(eu.name, peer, eu.nats), null, signal);
    const world = { peers: [peer], compareFleet: compareOld } as unknown as World;
    const looks: Look[] = [];
    for await (const seen of fleetDigestSensor.look({ facts, world, signal, nonce: 'n', isOfOneStamp: false })) looks.push(seen);
    expect(looks).toMatchObject([{ looked: [], differences: [], skipped: [{ subject: `region/${peer}`, isFault: false }] }]);
  });

  it('no false alarm while both regions write all the time, and what is spoiled is found all the same', async () => {
    const stop = new AbortController();
    const writing = (async () => {
      for (let n = 0; !stop.signal.aborted; n++) {
        await write(eu, async (tx) =>
          updateTenant(tx, context(eu), tenants(eu), { id: 'acme', labels: { n: String(n) }, ifMatch: undefined }),
        );
        await create(us, `us-${n}`);
        await heal();
      }
    })();
    await sql(us, `UPDATE tenant SET weight = 7 WHERE id = 'bank'`);
    for (let round = 0; round < 5; round++) expect(await drifted(us)).toEqual(['tenant bank']);
    for (let round = 0; round < 5; round++) expect(await drifted(eu)).toEqual([]);
    stop.abort();
    await writing;
  });
});
