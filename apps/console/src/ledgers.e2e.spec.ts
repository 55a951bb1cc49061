import type { ServerResponse } from 'node:http';
import {
  ConflictCountsSchema,
  ConflictPageSchema,
  ConflictSchema,
  EventDeadLetterDetailSchema,
  EventDeadLetterPageSchema,
  EventDeadLetterSchema,
  ReplayResultSchema,
  type ConflictView,
  type EventDeadLetterView,
} from '@lapidary/contracts/api/replication';
import { capacityPath } from '@lapidary/contracts/api/paths';
import { AppError } from '@lapidary/kernel/app-error';
import { refuse } from '@lapidary/testing/fake-control-plane';
import type { SeenRequest } from '@lapidary/testing/fake-fleet';
import { anOutlook, aStamp } from '@lapidary/testing/fleet-fixtures';
import { ConsoleBrowser, inBrowser } from './test/console-browser.js';
import { violationsOn } from './test/console-fixture.js';

const at = '2026-11-01T10:00:00.000Z';
const conflictOf = (n: number, more: Partial<ConflictView> = {}): ConflictView =>
  ConflictSchema.parse({
    ...{ id: `shop:d${n}:price`, policy: 'lww', subject: `shop/d${n}`, collection: 'shop', tenant: 'acme', field: 'price' },
    winner: { region: 'us', at: '0199-2-us', value: 12 },
    loser: { region: 'eu', at: '0199-1-eu', value: { amount: 11, note: 'x'.repeat(120) } },
    ...{ cause: 'written in both regions while neither knew the other’s', detectedAt: at },
    ...more,
  });
const letterOf = (n: number, more: Partial<EventDeadLetterView> = {}): EventDeadLetterView =>
  EventDeadLetterSchema.parse({
    ...{
      id: `eu.01K0000000000000000000000${n}`,
      region: 'eu',
      origin: 'us',
      epoch: 1,
      sequence: 4_711 + n,
      type: 'lapidary.tenant.placed.v1',
    },
    ...{ subject: `tenant/t${n}`, error: 'The event does not fit its schema: data.tenant.weight: expected a number', parkedAt: at },
    ...{ state: 'open', settledAt: null, settledBy: null },
    ...more,
  });

inBrowser('ledgers and capacity, in a browser', () => {
  const tested = new ConsoleBrowser();
  let conflicts: ConflictView[];
  let letters: EventDeadLetterView[];
  let failing: string | null;

  const send = (response: ServerResponse, status: number, body: unknown): true => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return true;
  };
  const answer = ({ method, path, query }: SeenRequest, response: ServerResponse): boolean => {
    if (path === failing) {
      refuse(response, new AppError('not_ready', 'The database is away'));
      return true;
    }
    if (path === '/v1/conflicts/counts') return send(response, 200, ConflictCountsSchema.parse({ items: countsOf() }));
    if (path === '/v1/conflicts') {
      const [wanted, from] = [query.get('collection'), Number(query.get('cursor') ?? 0)];
      const found = conflicts.filter((c) => (wanted === null || c.collection === wanted) && (query.get('tenant') ?? c.tenant) === c.tenant);
      const next = from + 50 < found.length ? String(from + 50) : null;
      return send(response, 200, ConflictPageSchema.parse({ items: found.slice(from, from + 50), next }));
    }
    if (path.startsWith('/v1/conflicts/'))
      return send(
        response,
        200,
        conflicts.find((c) => path.endsWith(encodeURIComponent(c.id))),
      );
    if (!path.startsWith('/v1/dead-letters')) return false;
    const letter = letters.find((l) => path.includes(l.id));
    if (!letter) {
      const items = letters.filter((l) => l.state === (query.get('state') ?? 'open') && (query.get('origin') ?? l.origin) === l.origin);
      return send(response, 200, EventDeadLetterPageSchema.parse({ items, next: null }));
    }
    if (method === 'GET')
      return send(response, 200, EventDeadLetterDetailSchema.parse({ ...letter, event: { type: letter.type, data: { tenant: {} } } }));
    const dryRun = query.get('dryRun') === 'true';
    const state = path.endsWith('/drop') ? 'dropped' : 'replayed';
    const settled = letterOf(0, { ...letter, state, settledAt: at, settledBy: 'token:admin' });
    if (!dryRun) letters = letters.map((l) => (l.id === letter.id ? settled : l));
    if (state === 'dropped') return send(response, 200, settled);
    const result = { outcome: 'applied', dryRun, error: null, released: 2, deadLetter: dryRun ? letter : settled };
    return send(response, 200, ReplayResultSchema.parse(result));
  };
  const countsOf = (): unknown[] => {
    const names = [...new Set(conflicts.map((c) => c.collection))];
    return names.map((collection) => {
      const count = conflicts.filter((c) => c.collection === collection).length;
      return { collection, conflicts: count, subjects: count, today: 1, latest: at };
    });
  };

  tested.around(answer, () => {
    [conflicts, letters, failing] = [[], [], null];
  });

  test('conflicts: what lost and what stands, with regions and rule; counted by collection, filtered by the address, older ones asked for', async () => {
    const { page, plane } = tested;
    conflicts = [
      ...Array.from({ length: 55 }, (_, i) => conflictOf(i)),
      conflictOf(90, { collection: 'profiles', subject: 'profiles/ann', tenant: 'bolt' }),
    ];
    await tested.visit('/conflicts', 'Ledger');
    await page.getByTestId('counter-shop').getByText('55', { exact: true }).waitFor();
    expect(await page.getByTestId('conflict-shop:d54:price').count()).toBe(0);
    await page.getByRole('button', { name: 'Older ones' }).click();
    await page.getByTestId('conflict-shop:d54:price').waitFor();
    await page.getByRole('button', { name: 'profiles' }).click();
    await page.getByRole('link', { name: 'profiles/ann' }).waitFor();
    expect(new URL(page.url()).searchParams.get('collection')).toBe('profiles');
    await page.getByText('stampctl conflicts export --collection profiles --format csv').waitFor();
    await page.getByRole('textbox', { name: 'Tenant' }).fill('nobody');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByText('Nothing was lost here').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByRole('link', { name: 'shop/d0', exact: true }).click();
    const dialog = page.getByRole('dialog');
    const lost = dialog.getByRole('region', { name: 'What lost' });
    for (const text of ['eu', '0199-1-eu', '"amount":11']) await lost.getByText(text).first().waitFor();
    await dialog.getByRole('region', { name: 'What stands' }).getByText('us', { exact: true }).waitFor();
    await dialog.getByText('written in both regions while neither knew').waitFor();
    await tested.shot('conflict');
    expect(await violationsOn(page)).toEqual([]);
    // The link alone shows the same to somebody else.
    await page.goto(`${plane.url}/conflicts?conflict=${encodeURIComponent('profiles:none')}`);
    await page.getByRole('dialog').waitFor();
  });

  test('dead letters: tried without keeping, replayed, dropped with a reason; each asked once', async () => {
    const { page, plane } = tested;
    letters = [letterOf(1), letterOf(2), letterOf(3, { state: 'dropped', settledAt: at, settledBy: 'token:ann' })];
    await tested.visit('/dead-letters', 'Dead letters');
    await page.getByRole('link', { name: 'tenant/t1' }).click();
    const dialog = page.getByRole('dialog', { name: 'Dead letter' });
    await dialog.getByText('expected a number').waitFor();
    await dialog.getByRole('button', { name: 'Try without keeping' }).click();
    await dialog.getByText('Would be applied; 2 that waited behind it would follow.').waitFor();
    expect(letters[0]!.state).toBe('open');
    await tested.shot('letter');
    expect(await violationsOn(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Replay', exact: true }).click();
    await dialog.getByText('replayed', { exact: true }).waitFor();
    expect(plane.seen.filter((r) => r.method === 'POST' && r.path.endsWith('/replay')).map((r) => r.query.get('dryRun'))).toEqual([
      'true',
      'false',
    ]);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('link', { name: 'tenant/t2' }).click();
    await dialog.getByRole('button', { name: 'Drop', exact: true }).click();
    const asked = page.getByRole('dialog', { name: 'Drop what was told of tenant/t2' });
    await asked.getByRole('button', { name: 'Drop', exact: true }).click();
    await asked.getByText('Say why').waitFor();
    expect(plane.seen.some((r) => r.path.endsWith('/drop'))).toBe(false);
    await asked.getByRole('textbox', { name: 'Reason' }).fill('sent twice');
    await asked.getByRole('button', { name: 'Drop', exact: true }).click();
    await dialog.getByText('dropped', { exact: true }).waitFor();
    expect(plane.seen.find((r) => r.path.endsWith('/drop'))!.body).toEqual({ reason: 'sent twice' });
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByText('No event is open').waitFor();
    await page.getByRole('combobox', { name: 'State' }).selectOption('dropped');
    await page.getByRole('link', { name: 'tenant/t3' }).waitFor();
    expect(new URL(page.url()).searchParams.get('state')).toBe('dropped');
  });

  test('capacity: each stamp beside the policy’s line, each threshold beside its figure', async () => {
    const { page, plane } = tested;
    plane.stamps.clear();
    for (const [name, units] of [
      ['eu-1', 40],
      ['eu-2', 80],
      ['eu-3', 97],
    ] as const)
      plane.stamps.set(name, aStamp({ name, used: { units }, reserved: { units: 2 }, capacity: { units: 100 } }));
    plane.capacity.set(
      'eu',
      anOutlook({
        verdict: { ...anOutlook().verdict, action: 'suggest', stamp: 'eu-4', reason: 'full in 2 days, building takes 1' } as never,
      }),
    );
    await tested.visit('/capacity', 'US East (Virginia)');
    await page.getByTestId('occupancy-eu-3').getByText('97 of 100 units taken, 2 reserved, 99 %').waitFor();
    await page.getByText('suggest eu-4').waitFor();
    await page.getByText('60 %, at least 20 % wanted').first().waitFor();
    await page.getByText('Line: 80 % taken').waitFor();
    await page.getByText('stampctl provision us-1').waitFor();
    await tested.shot('capacity', true);
    expect(await violationsOn(page)).toEqual([]);
    expect(tested.errors).toEqual([]);
  });

  test.each([
    ['/conflicts', '/v1/conflicts', 'Ledger'],
    ['/dead-letters', '/v1/dead-letters', 'Dead letters'],
    ['/capacity', capacityPath('us'), 'US East (Virginia)'],
  ])('%s says what failed and offers to try again', async (path, api, heading) => {
    failing = api;
    await tested.visit(path, heading);
    const alert = tested.page.getByRole('alert').first();
    await alert.getByText('The database is away').waitFor();
    await tested.shot(`failed${path.replace('/', '-')}`);
    failing = null;
    await alert.getByRole('button', { name: 'Try again' }).click();
    await alert.waitFor({ state: 'detached' });
  });

  test.each([
    ['light', 1280, 800],
    ['dark', 390, 844],
  ] as const)(
    'in %s at %i × %i no rule of WCAG AA is broken and nothing runs out of the page, full or empty',
    async (colorScheme, width, height) => {
      const page = await tested.open({ colorScheme, viewport: { width, height } });
      for (const isFull of [true, false]) {
        conflicts = isFull
          ? [
              conflictOf(1),
              conflictOf(2, { collection: null, tenant: null, field: null, subject: 'tenant/acme', winner: 'us', loser: 'eu' }),
            ]
          : [];
        letters = isFull ? [letterOf(1, { error: 'y'.repeat(300) })] : [];
        for (const [path, heading] of [
          ['/conflicts', 'Ledger'],
          ['/dead-letters', 'Dead letters'],
          ['/capacity', 'US East (Virginia)'],
        ] as const) {
          await tested.visit(path, heading);
          await page.waitForFunction(() => document.querySelector('[aria-busy]') === null);
          await tested.shot(`${path.slice(1)}-${isFull ? 'full' : 'empty'}-${colorScheme}-${width}`, true);
          expect(await violationsOn(page)).toEqual([]);
          expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        }
      }
      expect(tested.errors).toEqual([]);
    },
  );
});
