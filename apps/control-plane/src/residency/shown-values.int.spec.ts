import {
  addStamp,
  addToken,
  noNats,
  openDatabase,
  openWorld,
  tenantInput,
  type Answer,
  type World,
  type WorldDatabase,
} from '../../test/world.js';
import { sealPrincipal } from '../auth/forwarded-principal.js';
import { domainFeatures } from '../process/features.js';
import { ReplicationModule } from '../replication/replication.module.js';

describe('values of documents outside of their own address', () => {
  let database: WorldDatabase;
  let world: World;

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database, { features: [...domainFeatures, ReplicationModule], natsUrl: noNats });
    await addStamp(world, 'eu-1', 100);
    for (const body of [tenantInput('acme'), tenantInput('strict', { residency: ['eu'] })])
      expect((await world.ask('POST', '/v1/tenants', { body })).status).toBe(201);
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  it('are shown to operators here: not to viewers, and of who has a residency not through another region (I3)', async () => {
    const viewer = await addToken(world, 'onlooker', 'viewer');
    const side = (value: string) => JSON.stringify({ at: '1', region: 'eu', value });
    await world.query(
      `INSERT INTO conflict (id, policy, subject, winner, loser, cause, collection, tenant, field) VALUES
         ('collection:x', 'lww', 'document/settings/acme/private', $1, $1, 'both', 'settings', 'acme', 'secret'),
         ('collection:y', 'lww', 'document/settings/strict/private', $1, $1, 'both', 'settings', 'strict', 'secret')`,
      [side('CUSTOMERS')],
    );
    const asViewer = await world.ask('GET', '/v1/conflicts/collection:x', { token: viewer });
    expect(asViewer.body['loser']).toEqual({ at: '1', region: 'eu', withheld: true });
    expect(JSON.stringify((await world.ask('GET', '/v1/conflicts', { token: viewer })).body)).not.toContain('CUSTOMERS');
    expect((await world.ask('GET', '/v1/conflicts/collection:x')).body['loser']).toMatchObject({ value: 'CUSTOMERS' });
    // A question from another region: the answer would pass through there.
    const headers = sealPrincipal({ actor: 'token:far', via: 'bearer', bindings: [{ role: 'operator', region: '*' }] });
    const far = async (id: string): Promise<Answer> => await world.ask('GET', `/v1/conflicts/${id}`, { token: null, headers });
    expect((await far('collection:x')).body['loser']).toMatchObject({ value: 'CUSTOMERS' });
    expect((await far('collection:y')).body['loser']).toMatchObject({ withheld: true });
    await world.query(
      `INSERT INTO dead_letter (id, origin, epoch, sequence, type, subject, event, error) VALUES
        ('01JAAAAAAAAAAAAAAAAAAAAAAA', 'us', 1, 1, 'lapidary.document.changed.v1', 'document/settings/acme/private', $1, 'test')`,
      [JSON.stringify({ type: 'lapidary.document.changed.v1', data: { tenant: 'acme', change: 'CUSTOMERS' } })],
    );
    // Counted for everybody, found by what they are about.
    const counts = await world.ask('GET', '/v1/conflicts/counts', { token: viewer });
    expect(counts.body.items).toEqual([expect.objectContaining({ collection: 'settings', conflicts: 2, subjects: 2, today: 2 })]);
    const ids = async (query: string): Promise<unknown[]> =>
      (await world.ask('GET', `/v1/conflicts?${query}`)).body.items!.map((c) => c['id']);
    expect(await ids('collection=settings&tenant=strict')).toEqual(['collection:y']);
    expect(await ids('collection=nothing')).toEqual([]);
    expect(await ids(`until=${new Date(Date.now() - 60_000).toISOString()}`)).toEqual([]);
    const letter = '/v1/dead-letters/eu.01JAAAAAAAAAAAAAAAAAAAAAAA';
    expect((await world.ask('GET', letter, { token: viewer })).body['event']).toEqual({
      type: 'lapidary.document.changed.v1',
      withheld: true,
    });
    expect(JSON.stringify((await world.ask('GET', letter)).body['event'])).toContain('CUSTOMERS');
  });

  it('do not pass through another region with the id of the document, in the ledger, dead letters and held changes (I3)', async () => {
    const [id, open] = ['jane.doe-at-example.com', 'john.roe-at-example.com'];
    const subjects = [`document/people/strict/${id}`, `document/people/acme/${open}`];
    const side = JSON.stringify({ at: '1', region: 'eu', value: 'x' });
    for (const [i, subject] of subjects.entries()) {
      const tenant = subject.split('/')[2];
      await world.query(
        `INSERT INTO conflict (id, policy, subject, winner, loser, cause, collection, tenant, field)
         VALUES ($1, 'lww', $2, $3, $3, 'both', 'people', $4, 'name')`,
        [`collection:person-${i}`, subject, side, tenant],
      );
      await world.query(
        `INSERT INTO dead_letter (id, origin, epoch, sequence, type, subject, event, error)
         VALUES ($1, 'us', 1, $2, 'lapidary.document.changed.v1', $3, '{}', $4)`,
        [`01JAAAAAAAAAAAAAAAAAAAAAB${i}`, 100 + i, subject, `${subject} is not readable`],
      );
      await world.query(`INSERT INTO held_change (event_id, origin, event, due_at) VALUES ($1, 'us', $2, now() + interval '1 hour')`, [
        `held-${i}`,
        JSON.stringify({ subject, data: { tenant } }),
      ]);
    }
    const headers = sealPrincipal({ actor: 'token:far', via: 'bearer', bindings: [{ role: 'admin', region: '*' }] });
    const lists = ['/v1/conflicts?collection=people', '/v1/dead-letters', '/v1/geode/held'];
    const ones = ['/v1/conflicts/collection:person-0', '/v1/dead-letters/eu.01JAAAAAAAAAAAAAAAAAAAAAB0'];
    for (const path of [...lists, ...ones]) {
      expect(JSON.stringify((await world.ask('GET', path)).body)).toContain(id);
      const far = JSON.stringify((await world.ask('GET', path, { token: null, headers })).body);
      expect(far).not.toContain('jane');
      expect(far).toContain('document/people/strict/(withheld)');
      if (lists.includes(path)) expect(far).toContain(open);
    }
    // Who guesses the id gets no yes either.
    for (const list of ['/v1/conflicts', '/v1/dead-letters']) {
      const found = async (subject: string, ask: object): Promise<number> =>
        (await world.ask('GET', `${list}?subject=${subject}`, ask)).body.items!.length;
      expect(await found(subjects[0]!, {})).toBe(1);
      expect(await found(subjects[0]!, { token: null, headers })).toBe(0);
      expect(await found(subjects[1]!, { token: null, headers })).toBe(1);
    }
    const dropped = await world.ask('POST', '/v1/dead-letters/eu.01JAAAAAAAAAAAAAAAAAAAAAB0/drop', {
      body: { reason: 'unreadable' },
      token: null,
      headers,
    });
    expect([dropped.status, dropped.body['subject']]).toEqual([200, 'document/people/strict/(withheld)']);
    expect(JSON.stringify(await world.query(`SELECT change FROM audit WHERE action LIKE 'dead-letter.%'`))).not.toContain('jane');
  });

  describe('in a preview of a policy', () => {
    const preview = async (ask: { token?: string | null; headers?: Record<string, string> } = {}): Promise<Answer> =>
      await world.ask('POST', '/v1/collections/settings/policy/preview', {
        ...ask,
        body: { policy: { kind: 'lww', rules: { '*': 'highest' } }, budgets: { documentBytes: 1_024 } },
      });
    const tenantsOf = ({ body }: Answer, list: 'changes' | 'overBudget'): unknown[] =>
      [...new Set((body[list] as { tenant: string }[]).map(({ tenant }) => tenant))].sort();
    const residency = async (allowed: string): Promise<unknown> =>
      await world.query(`UPDATE tenant SET residency = $1 WHERE id = 'strict'`, [allowed]);

    beforeAll(async () => {
      await world.ask('PUT', '/v1/collections/settings', { body: { policy: { kind: 'lww' } } });
      const [at, later] = ['0000000000005.0000.eu', '0000000000006.0000.us'];
      const siblings = [
        { at, value: 'of a CUSTOMER' },
        { at: later, value: 'a CUSTOMER' },
      ];
      const state = {
        kind: 'lww',
        fields: { name: { siblings, seen: { eu: at, us: later } } },
        alive: { siblings: [{ at: later, value: true }], seen: { us: later } },
      };
      for (const tenant of ['acme', 'strict']) {
        await world.query(
          `INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest)
           VALUES ('settings', 'lww', $1, 'open', $2, true, 'd', 5000, 1, '')`,
          [tenant, JSON.stringify(state)],
        );
        await world.query(
          `INSERT INTO conflict (id, policy, subject, winner, loser, cause, collection, tenant, field)
           VALUES ('collection:past-' || $1, 'lww', 'document/settings/' || $1 || '/past', $2, $3, 'both', 'settings', $1, 'name')`,
          [
            tenant,
            JSON.stringify({ at: later, region: 'us', value: 'a CUSTOMER' }),
            JSON.stringify({ at, region: 'eu', value: 'of a CUSTOMER' }),
          ],
        );
      }
    });

    it('are shown to operators of the region, and to nobody else', async () => {
      const shown = await preview();
      expect([shown.status, tenantsOf(shown, 'changes'), tenantsOf(shown, 'overBudget')]).toEqual([
        201,
        ['acme', 'strict'],
        ['acme', 'strict'],
      ]);
      for (const token of [await addToken(world, 'viewing', 'viewer'), await addToken(world, 'abroad', 'operator', 'us')]) {
        const refused = await preview({ token });
        expect([refused.status, JSON.stringify(refused.body)]).toEqual([403, expect.not.stringContaining('CUSTOMER')]);
      }
    });

    it('do not pass through another region, whoever asks there, also not those of a tenant without a residency (I3)', async () => {
      for (const role of ['operator', 'admin'] as const) {
        const headers = sealPrincipal({ actor: 'token:far', via: 'bearer', bindings: [{ role, region: '*' }] });
        const refused = await preview({ token: null, headers });
        expect([refused.status, refused.body['code']]).toEqual([403, 'forbidden']);
      }
    });

    it('are not shown of who may not be here any more, while the removal is under way (I3)', async () => {
      await residency('{us}');
      const shown = await preview();
      expect([shown.body['documents'], shown.body['ledger']]).toEqual([1, 1 + (await acmesOthers())]);
      expect([tenantsOf(shown, 'changes'), tenantsOf(shown, 'overBudget')]).toEqual([['acme'], ['acme']]);
      const past = await world.ask('GET', '/v1/conflicts/collection:past-strict');
      expect(past.body['loser']).toEqual({ at: '0000000000005.0000.eu', region: 'eu', withheld: true });
      await residency('{eu}');
      expect(tenantsOf(await preview(), 'changes')).toEqual(['acme', 'strict']);
    });

    /** What the test above has written of acme in the same ledger. */
    const acmesOthers = async (): Promise<number> => {
      const [row] = await world.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM conflict WHERE tenant = 'acme' AND collection = 'settings' AND subject LIKE '%/private'`,
      );
      return row!.n;
    };
  });
});
