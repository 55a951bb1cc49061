import { Module } from '@nestjs/common';
import { addToken, openDatabase, openWorld, tenantInput, type Ask, type World, type WorldDatabase } from '../../test/world.js';
import { sealPrincipal } from '../auth/forwarded-principal.js';
import { readOrigin, eventsBetween } from '../outbox/outbox-rows.js';
import { numberOutbox } from '../outbox/number-outbox.js';
import { domainFeatures } from '../process/features.js';
import type { Difference } from './difference.js';
import { findingsById } from './finding-rows.js';
import { FindingsController } from './findings.controller.js';
import { noteRound } from './note-round.js';
import { recordLook } from './record-look.js';
import { DriftRunsController } from './runs.controller.js';
import { SuppressionsController } from './suppressions.controller.js';

/** The API without the worker: nobody takes up the runs that are asked for. */
@Module({ controllers: [FindingsController, SuppressionsController, DriftRunsController] })
class DriftApi {}

describe('which document a finding is about', () => {
  let database: WorldDatabase;
  let world: World;
  /** Ids that customers chose. */
  const ids = { strict: 'jane.doe-at-example.com', acme: 'john.roe-at-example.com', unheard: 'jim.poe-at-example.com' };
  const digests = { expected: 'digest-of-theirs', observed: 'digest-of-ours' };
  const subject = 'replica/us.profiles';

  const look = async (tenants: readonly (keyof typeof ids)[]): Promise<void> => {
    const differences = tenants.map((tenant): Difference => ({
      kind: 'data-digest',
      subject,
      path: `lww ${tenant}/${ids[tenant]}`,
      ...digests,
      severity: 'warning',
      owner: 'platform',
    }));
    const fleet: Difference = { ...differences[0]!, kind: 'data-digest', subject, path: 'lww /of-the-fleet', ...digests };
    await world.inTx(async (tx, context) =>
      recordLook(tx, context, world.resources.clock, {
        kind: 'data-digest',
        looked: [subject],
        skipped: [],
        differences: tenants.length === 0 ? [] : [...differences, fleet],
      }),
    );
  };

  const far: Ask = {
    token: null,
    headers: sealPrincipal({ actor: 'token:far', via: 'bearer', bindings: [{ role: 'admin', region: '*' }] }),
  };
  const told = async (path: string, ask: Ask = {}): Promise<string> => JSON.stringify((await world.ask('GET', path, ask)).body);
  const shownIn = (text: string): string[] => Object.values(ids).filter((id) => text.includes(id));

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database, { features: [...domainFeatures, DriftApi] });
    for (const body of [tenantInput('acme'), tenantInput('strict', { residency: ['eu'] })])
      expect((await world.ask('POST', '/v1/tenants', { body })).status).toBe(201);
    await look(['strict', 'acme', 'unheard']);
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  it('is in the finding for operators of the region; no viewer, and of who has a residency no other region, is shown it (I3)', async () => {
    const viewer = { token: await addToken(world, 'onlooker', 'viewer') };
    const abroad = { token: await addToken(world, 'abroad', 'operator', 'us') };
    const list = `/v1/drift/findings?subject=${subject}`;
    const { items } = (await world.ask('GET', list)).body;
    expect(items!.map((f) => [f['path'], f['expected']])).toContainEqual([`lww strict/${ids.strict}`, 'digest-of-theirs']);
    for (const path of [list, ...items!.map((f) => `/v1/drift/findings/${String(f['id'])}`)]) {
      for (const ask of [viewer, abroad]) {
        expect(shownIn(await told(path, ask))).toEqual([]);
      }
      expect(shownIn(await told(path, far)).filter((id) => id !== ids.acme)).toEqual([]);
    }
    const paths = async (ask: Ask): Promise<unknown[]> =>
      (await world.ask('GET', list, ask)).body.items!.map((f) => [f['path'], f['expected'], f['observed']]).sort();
    const hidden = ['(withheld)', '(withheld)'];
    const shown = Object.values(digests);
    expect(await paths(far)).toEqual([
      ['lww /of-the-fleet', ...shown],
      [`lww acme/${ids.acme}`, ...shown],
      ['lww strict/(withheld)', ...hidden],
      ['lww unheard/(withheld)', ...hidden],
    ]);
    expect(await paths(viewer)).toEqual([
      ['lww /of-the-fleet', ...shown],
      ['lww acme/(withheld)', ...hidden],
      ['lww strict/(withheld)', ...hidden],
      ['lww unheard/(withheld)', ...hidden],
    ]);
  });

  it('is in no event and no audit row of who has a residency, when it is found, hidden, repaired, shown again or gone (I3)', async () => {
    const findings = (await world.ask('GET', `/v1/drift/findings?subject=${subject}`)).body.items!;
    for (const { id } of findings) {
      const body = { finding: id, owner: 'ann', reason: 'known', until: new Date(Date.now() + 86_400_000).toISOString() };
      const suppressed = await world.ask('POST', '/v1/drift/suppressions', { body });
      expect(suppressed.status).toBe(201);
      const path = `/v1/drift/suppressions/${String(suppressed.body['id'])}`;
      expect(shownIn(await told(path, far)).filter((shown) => shown !== ids.acme)).toEqual([]);
      expect((await world.ask('GET', path)).body['path']).toBe(suppressed.body['path']);
      expect((await world.ask('DELETE', path, far)).body['path']).not.toContain('jane');
      await world.inTx(async (tx, context) => {
        const [row] = await findingsById(tx, [String(id)]);
        await noteRound(tx, context, row!, { outcome: 'merged', why: null });
      });
    }
    expect(shownIn(await told('/v1/drift/suppressions?state=all', far))).toEqual([ids.acme]);
    expect(shownIn(await told('/v1/drift/suppressions?state=all'))).toHaveLength(3);
    await look([]);
    const { dataSource } = world.resources;
    await numberOutbox(dataSource);
    const events = await eventsBetween(dataSource, await readOrigin(dataSource), 1, 1_000_000, 1_000);
    const drift = events.filter(({ type }) => type.startsWith('lapidary.drift.'));
    expect(new Set(drift.map(({ type }) => type)).size).toBe(4);
    expect(shownIn(JSON.stringify(drift))).toEqual([ids.acme]);
    const audit = await world.query<{ action: string; change: unknown }>(`SELECT action, change FROM audit WHERE action LIKE 'drift.%'`);
    expect(new Set(audit.map(({ action }) => action)).size).toBe(5);
    expect(shownIn(JSON.stringify(audit))).toEqual([ids.acme]);
  });

  it('is not in what repairs came to, for who may not be shown it', async () => {
    const repair = (tenant: keyof typeof ids) => ({
      finding: `eu.01JAAAAAAAAAAAAAAAAAAAAAAA`,
      subject,
      path: `lww ${tenant}/${ids[tenant]}`,
      outcome: 'merged',
      why: null,
    });
    await world.query(
      `INSERT INTO drift_run (id, region, trigger, requested_by, request_id, status, started_at, finished_at, repair, repairs)
       VALUES ('eu.01JBBBBBBBBBBBBBBBBBBBBBBB', 'eu', 'request', 'token:admin', '', 'done', now(), now(), '{"dryRun":false}', $1::jsonb)`,
      [JSON.stringify([repair('strict'), repair('acme')])],
    );
    for (const path of ['/v1/drift/runs', '/v1/drift/runs/eu.01JBBBBBBBBBBBBBBBBBBBBBBB']) {
      expect(shownIn(await told(path))).toEqual([ids.strict, ids.acme]);
      expect(shownIn(await told(path, far))).toEqual([ids.acme]);
      expect(shownIn(await told(path, { token: await addToken(world, `viewer-${path.length}`, 'viewer') }))).toEqual([]);
    }
  });
});
