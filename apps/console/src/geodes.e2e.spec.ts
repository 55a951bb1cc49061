import type { ServerResponse } from 'node:http';
import { jest } from '@jest/globals';
import { RecoveryActSchema, type RecoveryView } from '@lapidary/contracts/api/recovery';
import { GivenUpRegionSchema } from '@lapidary/contracts/api/given-up-regions';
import { RegionPageSchema, type RegionView } from '@lapidary/contracts/api/regions';
import { GeodeSchema, type GeodeView } from '@lapidary/contracts/api/replication';
import { AppError } from '@lapidary/kernel/app-error';
import { aRegion } from '@lapidary/testing/fleet-fixtures';
import { refuse } from '@lapidary/testing/fake-control-plane';
import type { SeenRequest } from '@lapidary/testing/fake-fleet';
import { ConsoleBrowser, inBrowser } from './test/console-browser.js';
import { violationsOn } from './test/console-fixture.js';

/** Building the console and starting a browser take seconds on a busy machine. */
jest.setTimeout(120_000);

const at = '2026-11-01T10:00:00.000Z';
const peerOf = (region: string, more: Partial<GeodeView['peers'][number]> = {}): GeodeView['peers'][number] => ({
  ...{ region, link: 'connected', cutSince: null, epoch: 1, appliedSequence: 1_200, behind: 0, confirmedAt: at, lastEventAt: at },
  ...{ acknowledgedSequence: 17, digest: 'agrees', agreedAt: at, held: 0, intents: 0, setBackSince: null, owed: 0 },
  ...{ convergence: { events: 40, p50Ms: 12, p99Ms: 85 }, protocol: { speaks: 2, hears: 1, agreed: 2 } },
  ...more,
});
const geodeOf = (region: string, more: Partial<GeodeView> = {}): GeodeView =>
  GeodeSchema.parse({
    ...{ region, epoch: 1, sequence: 4_711, autonomousSince: null, outbox: { waiting: 0, oldestSeconds: 0, kept: 17 } },
    ...{ inbox: { behind: 0, held: 0 }, intents: { open: 0, oldestSeconds: 0 }, deadLetters: 0, conflicts: 0 },
    ...{ digest: { root: '00000000deadbeef', documents: 1_234 }, peers: [], recovery: null },
    ...more,
  });
const restored = (more: Partial<RecoveryView> = {}): RecoveryView => ({
  ...{ state: 'reconciling', fenced: true, since: at, backupAt: at, evidence: ['region us knows this region’s log up to 40 of epoch 1'] },
  ...{ waitsFor: [{ region: 'ap', why: 'Region ap can’t be reached' }], without: [] },
  ...more,
});

const decision = { id: '01', region: 'us', successor: 'ap', declaredIn: 'eu', by: 'token:ops', reason: 'under water', at };
const cut = { state: 'cut' as const, appliedSequence: 118, lagMs: null, cutSince: at };

inBrowser('geodes, in a browser', () => {
  const tested = new ConsoleBrowser();
  /** By region; the one that answers is eu. */
  let geodes: Record<string, GeodeView>;
  let failing: boolean;
  /** Null: those that every fake control plane has. */
  let regions: RegionView[] | null;

  const send = (response: ServerResponse, body: unknown): true => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return true;
  };
  const answer = ({ method, path, query }: SeenRequest, response: ServerResponse): boolean => {
    if (path === '/v1/geode') {
      if (failing) refuse(response, new AppError('not_ready', 'The database is away'));
      else send(response, geodes[query.get('region') ?? 'eu']);
      return true;
    }
    if (path === '/v1/regions' && regions !== null) return send(response, RegionPageSchema.parse({ items: regions, next: null }));
    if (method === 'POST' && path === '/v1/regions/us/give-up') {
      regions = regions!.map((r) =>
        r.name === 'us' ? { ...r, givenUp: { ...decision, state: 'declared', waitingFor: ['ap'], returnedAt: null } } : r,
      );
      return send(response, GivenUpRegionSchema.parse(decision));
    }
    if (method !== 'POST' || !path.startsWith('/v1/geode/recovery/')) return false;
    const isOpen = path.endsWith('/open');
    geodes['eu'] = geodeOf(
      'eu',
      isOpen ? { recovery: restored({ state: 'holding', fenced: false, without: ['ap'] }) } : { recovery: null },
    );
    return send(
      response,
      RecoveryActSchema.parse({ region: 'eu', state: isOpen ? 'retelling' : 'reconciling', lost: ['what only ap holds'] }),
    );
  };

  tested.around(answer, () => {
    [geodes, failing, regions] = [{ eu: geodeOf('eu') }, false, null];
  });

  test('how a region stands with each other one: links, what is on its way, whether both hold the same; and the same seen from the other', async () => {
    const { page } = tested;
    const forged = { what: 'events', why: 'wrong_signature', times: 3, lastAt: at };
    geodes['eu'] = geodeOf('eu', {
      deadLetters: 2,
      keysRefused: [{ file: 'peers', since: at, because: 'peer-keys.json: is not JSON' }],
      peers: [
        peerOf('ap', { link: 'cut', cutSince: at, behind: 7, owed: 31, digest: 'differs', signatures: { required: false, refused: [] } }),
        peerOf('us', {
          setBackSince: at,
          signatures: { required: true, refused: [forged] },
          digest: 'unknown',
          owed: null,
          convergence: { events: 0, p50Ms: null, p99Ms: null },
        }),
      ],
    });
    geodes['us'] = geodeOf('us', { peers: [peerOf('eu')], autonomousSince: at });
    await tested.visit('/geodes', 'Other regions');
    const [ap, us] = [page.getByTestId('peer-ap'), page.getByTestId('peer-us')];
    for (const text of ['cut off', 'believed unsigned', 'differ', '31', '12 / 85 ms']) await ap.getByText(text, { exact: true }).waitFor();
    for (const text of ['restored from a backup', 'refused: events not signed by it', 'not known', 'nothing told'])
      await us.getByText(text, { exact: true }).first().waitFor();
    await page.getByRole('link', { name: '2 dead letters' }).waitFor();
    await page.getByText('those before hold: peer-keys.json: is not JSON').waitFor();
    await tested.shot('geodes', true);
    expect(await violationsOn(page)).toEqual([]);
    await us.getByRole('link', { name: 'us' }).click();
    await page.getByRole('heading', { name: 'Region us' }).waitFor();
    await page.getByText('it works on its own').waitFor();
    expect(new URL(page.url()).searchParams.get('region')).toBe('us');
    await page.getByText('stampctl geode status --region us', { exact: true }).waitFor();
  });

  test('a restored region says on every page that it writes nothing, why, and whom it waits for; a person opens it with a reason', async () => {
    const { page, plane } = tested;
    geodes['eu'] = geodeOf('eu', { recovery: restored(), peers: [peerOf('ap', { link: 'cut', cutSince: at })] });
    await tested.visit('/drift', 'Drift');
    await page.getByRole('status').filter({ hasText: 'eu was restored from a backup and writes nothing yet' }).waitFor();
    await page.getByRole('link', { name: 'What it waits for' }).click();
    const panel = page.getByRole('region', { name: 'eu was restored from a backup' });
    await panel.getByText('ap: Region ap can’t be reached').waitFor();
    await panel.getByText('region us knows this region’s log up to 40 of epoch 1').waitFor();
    await tested.shot('geodes-restored', true);
    expect(await violationsOn(page)).toEqual([]);
    await panel.getByRole('button', { name: 'Open without them…' }).click();
    const asked = page.getByRole('dialog', { name: 'Open eu without ap' });
    await asked.getByRole('button', { name: 'Open', exact: true }).click();
    await asked.getByText('Say why').waitFor();
    expect(plane.seen.some((r) => r.method === 'POST' && r.path.startsWith('/v1/geode'))).toBe(false);
    await asked.getByRole('textbox', { name: 'Reason' }).fill('ap is gone');
    await asked.getByText("stampctl geode open --without ap --reason 'ap is gone'").waitFor();
    await tested.shot('geodes-open');
    await asked.getByRole('button', { name: 'Open', exact: true }).click();
    await panel.getByText('use rights of counters', { exact: true }).waitFor();
    await page.getByRole('status').filter({ hasText: 'uses no rights of counters yet' }).waitFor();
    expect(plane.seen.find((r) => r.path === '/v1/geode/recovery/open')!.body).toEqual({ without: ['ap'], reason: 'ap is gone' });
    expect(await panel.getByRole('button').filter({ hasText: '…' }).count()).toBe(0);
  });

  test('one whose backup is too old is filled anew, only where it answers itself', async () => {
    const { page, plane } = tested;
    geodes['us'] = geodeOf('us', { recovery: restored({ state: 'too-old', waitsFor: [] }) });
    await tested.visit('/geodes?region=us', 'us was restored from a backup');
    await page.getByText('done at the console or the API of us itself').waitFor();
    expect(await page.getByRole('button', { name: 'Fill anew…' }).count()).toBe(0);
    geodes['eu'] = geodeOf('eu', { recovery: restored({ state: 'too-old', waitsFor: [] }) });
    await tested.visit('/geodes', 'eu was restored from a backup');
    await page.getByRole('button', { name: 'Fill anew…' }).click();
    const asked = page.getByRole('dialog', { name: 'Fill eu anew' });
    await asked.getByRole('textbox', { name: 'Reason' }).fill('older than a month');
    await asked.getByRole('button', { name: 'Fill anew', exact: true }).click();
    await page.getByRole('heading', { name: 'eu was restored from a backup' }).waitFor({ state: 'detached' });
    expect(plane.seen.find((r) => r.path === '/v1/geode/recovery/reseed')!.body).toEqual({ reason: 'older than a month' });
  });

  test('a region that is not heard is given up by a person who types its name, names a successor and says why; then it is seen for whom that waits', async () => {
    const { page, plane } = tested;
    regions = [
      aRegion({ name: 'eu' }),
      aRegion({ name: 'ap' }),
      aRegion({ name: 'us', link: cut, notGivenUp: { ...decision, objectors: ['ap'] } }),
    ];
    await tested.visit('/geodes', 'Regions that are not heard');
    const panel = page.getByRole('region', { name: 'Region us', exact: true });
    await panel.getByText('ap heard it after that').waitFor();
    await panel.getByRole('button', { name: 'Give up us…' }).click();
    const asked = page.getByRole('dialog', { name: 'Give up us for good' });
    await asked.getByRole('button', { name: 'Give up', exact: true }).click();
    for (const problem of ['Choose the region that takes its tenants over.', 'Say why', 'That is not its name.'])
      await asked.getByText(problem).waitFor();
    expect(plane.seen.some((r) => r.method === 'POST' && r.path.startsWith('/v1/regions'))).toBe(false);
    await asked.getByRole('combobox', { name: 'Successor' }).click();
    await asked.getByRole('option', { name: 'ap' }).click();
    expect(await asked.getByRole('option', { name: 'us' }).count()).toBe(0);
    await asked.getByRole('textbox', { name: 'Reason' }).fill('under water');
    await asked.getByRole('textbox', { name: 'Name of the region' }).fill('us');
    await asked.getByText("stampctl regions give-up us --successor ap --reason 'under water'").waitFor();
    await tested.shot('geodes-give-up');
    expect(await violationsOn(page)).toEqual([]);
    await asked.getByRole('button', { name: 'Give up', exact: true }).click();
    await panel.getByText('the others are asked whether they hear it').waitFor();
    expect(plane.seen.find((r) => r.path === '/v1/regions/us/give-up')!.body).toEqual({ successor: 'ap', reason: 'under water' });
    expect(await panel.getByRole('button', { name: 'Give up us…' }).count()).toBe(0);
  });

  test('of one that was given up it is seen what was kept, what is missing, who has its tenants, and that it is back; it itself says so on every page', async () => {
    const { page } = tested;
    const heard = [
      { region: 'ap', epoch: 2, sequence: 1_180 },
      { region: 'eu', epoch: 2, sequence: 1_200 },
    ];
    const givenUp = { ...decision, state: 'inherited' as const, waitingFor: [], returnedAt: at, heard, unsettled: ['ap'] };
    regions = [aRegion({ name: 'eu' }), aRegion({ name: 'ap' }), aRegion({ name: 'us', link: cut, givenUp })];
    await tested.visit('/geodes', 'Regions that are not heard');
    const panel = page.getByRole('region', { name: 'Region us', exact: true });
    for (const text of [
      'its tenants are its successor’s',
      'eu: up to event 1,200 of epoch 2',
      'beyond event 1,200',
      'parked in ap',
      'not believed: stop it',
    ])
      await panel.getByText(text).waitFor();
    await tested.shot('geodes-given-up', true);
    expect(await violationsOn(page)).toEqual([]);
    geodes['eu'] = geodeOf('eu', { givenUp: { ...givenUp, region: 'eu' } });
    await tested.visit('/drift', 'Drift');
    await page.getByRole('status').filter({ hasText: 'eu was given up as lost for good by token:ops' }).waitFor();
    expect(tested.errors).toEqual([]);
  });

  test('says what failed and offers to try again', async () => {
    failing = true;
    await tested.visit('/geodes', 'Other regions');
    const alert = tested.page.getByRole('alert').first();
    await alert.getByText('The database is away').waitFor();
    failing = false;
    await alert.getByRole('button', { name: 'Try again' }).click();
    await tested.page.getByText('It is the only region').waitFor();
  });

  test.each([
    ['light', 1280, 800],
    ['dark', 390, 844],
  ] as const)('in %s at %i × %i no rule of WCAG AA is broken and nothing runs out of the page', async (colorScheme, width, height) => {
    const page = await tested.open({ colorScheme, viewport: { width, height } });
    geodes['eu'] = geodeOf('eu', { recovery: restored(), peers: [peerOf('ap', { link: 'cut', cutSince: at }), peerOf('us')] });
    await tested.visit('/geodes', 'Other regions');
    await page.waitForFunction(() => document.querySelector('[aria-busy]') === null);
    await tested.shot(`geodes-${colorScheme}-${width}`, true);
    expect(await violationsOn(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    expect(tested.errors).toEqual([]);
  });
});
