import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { AuditPageSchema, ChainReportSchema, type AuditEntry } from '@lapidary/contracts/api/system';
import { CreateTokenSchema, TokenPageSchema, TokenSchema, type TokenView } from '@lapidary/contracts/api/tokens';
import { AppError } from '@lapidary/kernel/app-error';
import { refuse } from '@lapidary/testing/fake-control-plane';
import type { SeenRequest } from '@lapidary/testing/fake-fleet';
import { aTenant } from '@lapidary/testing/fleet-fixtures';
import { ConsoleBrowser, inBrowser } from './test/console-browser.js';
import { violationsOn } from './test/console-fixture.js';

const at = '2026-11-01T10:00:00.000Z';
const tokenOf = (name: string, more: object = {}): TokenView =>
  TokenSchema.parse({
    ...{ name, bindings: [{ role: 'operator', region: 'eu' }], createdAt: at, expiresAt: null, revokedAt: null, heldAt: null },
    ...more,
  });
const entryOf = (n: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
  ...{ id: `01K00000000000000000000${String(n).padStart(3, '0')}`, sequence: n, at, actor: 'token:admin', action: 'tenant.created' },
  ...{ subject: 'tenant/acme', reason: null, requestId: `req-${n}`, change: { weight: 1 }, hash: 'ab'.repeat(32) },
  ...more,
});

inBrowser('who may call, who did what, which names lead where, in a browser', () => {
  const tested = new ConsoleBrowser();
  let tokens: TokenView[];
  let entries: AuditEntry[];
  let broken: { sequence: number; why: string } | null;

  const send = (response: ServerResponse, status: number, body: unknown): true => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return true;
  };
  const answer = ({ method, path, query, body }: SeenRequest, response: ServerResponse): boolean => {
    if (path === '/v1/audit/verify') {
      const checked = broken === null ? entries.length : broken.sequence - 1;
      return send(response, 200, ChainReportSchema.parse({ ok: broken === null, checked, broken }));
    }
    if (path === '/v1/audit') {
      const from = Number(query.get('cursor') ?? 0);
      const found = entries.filter((e) =>
        (['subject', 'actor', 'action'] as const).every((name) => (query.get(name) ?? e[name]) === e[name]),
      );
      const next = from + 50 < found.length ? String(from + 50) : null;
      return send(response, 200, AuditPageSchema.parse({ items: found.slice(from, from + 50), next }));
    }
    if (path === '/v1/tokens' && method === 'GET') return send(response, 200, TokenPageSchema.parse({ items: tokens, next: null }));
    if (path === '/v1/tokens') {
      const { name, bindings, expiresAt = null } = CreateTokenSchema.parse(body);
      if (tokens.some((t) => t.name === name)) {
        refuse(response, new AppError('name_taken', `There is a token ${name} already`));
        return true;
      }
      tokens.push(tokenOf(name, { bindings, expiresAt }));
      return send(response, 201, tokens.at(-1));
    }
    const revoked = /^\/v1\/tokens\/(.+)\/revoke$/.exec(path)?.[1];
    if (revoked === undefined) return false;
    tokens = tokens.map((t) => (t.name === revoked ? { ...t, revokedAt: at } : t));
    return send(
      response,
      200,
      tokens.find((t) => t.name === revoked),
    );
  };

  tested.around(answer, () => {
    [tokens, entries, broken] = [[], [], null];
  });

  test('a token’s secret is made in the page, shown once and never sent; only its digest is', async () => {
    const { page, plane } = tested;
    tokens = [tokenOf('deploys')];
    await tested.visit('/tokens', 'API tokens');
    await page.getByRole('button', { name: 'Let somebody in' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
    await dialog.getByText('Say why').waitFor();
    expect(plane.seen.some((r) => r.method === 'POST' && r.path === '/v1/tokens')).toBe(false);
    await dialog.getByRole('textbox', { name: 'Name' }).fill('deploys');
    await dialog.getByRole('button', { name: 'Another role' }).click();
    await dialog.getByRole('combobox', { name: 'Region of role 2' }).selectOption('eu');
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('team red');
    await dialog.getByText("stampctl tokens create deploys --role viewer --role operator@eu --valid-for 90d --reason 'team red'").waitFor();
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
    await dialog.getByRole('alert').getByText('There is a token deploys already').waitFor();
    await dialog.getByRole('textbox', { name: 'Name' }).fill('red');
    expect(await violationsOn(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
    const secret = (await page.getByTestId('secret').textContent())!;
    expect(secret).toMatch(/^[\w-]{43}$/);
    await tested.shot('secret');
    expect(await violationsOn(page)).toEqual([]);
    const asked = plane.seen.filter((r) => r.method === 'POST' && r.path === '/v1/tokens').at(-1)!;
    expect(asked.body).toMatchObject({
      sha256: createHash('sha256').update(secret).digest('hex'),
      bindings: [
        { role: 'viewer', region: '*' },
        { role: 'operator', region: 'eu' },
      ],
    });
    expect(JSON.stringify(plane.seen.map((r) => [r.path, r.body]))).not.toContain(secret);
    // A slip of the hand must not lose it.
    await page.keyboard.press('Escape');
    await page.mouse.click(5, 5);
    expect(await page.getByTestId('secret').textContent()).toBe(secret);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByTestId('token-red').getByText('viewer everywhere, operator in eu').waitFor();
    expect(await page.content()).not.toContain(secret);
  });

  test('a token is revoked with a reason, and is then among those that are over', async () => {
    const { page, plane } = tested;
    tokens = [tokenOf('deploys'), tokenOf('old', { expiresAt: '2020-01-01T00:00:00.000Z' }), tokenOf('held', { heldAt: at })];
    await tested.visit('/tokens', 'API tokens');
    await page.getByTestId('token-held').getByText('since the restore').waitFor();
    expect(await page.getByTestId('token-old').count()).toBe(0);
    await page.getByRole('button', { name: 'Revoke deploys' }).click();
    const dialog = page.getByRole('dialog', { name: 'Revoke deploys' });
    await dialog.getByRole('button', { name: 'Revoke', exact: true }).click();
    await dialog.getByText('Say why').waitFor();
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('in a log');
    await dialog.getByRole('button', { name: 'Revoke', exact: true }).click();
    await page.getByTestId('token-deploys').waitFor({ state: 'detached' });
    expect(plane.seen.find((r) => r.path === '/v1/tokens/deploys/revoke')!.body).toEqual({ reason: 'in a log' });
    await page.getByText('all', { exact: true }).click();
    await page.getByTestId('token-deploys').getByText('revoked').waitFor();
    await page.getByTestId('token-old').getByText('2020-01-01 00:00:00 UTC').waitFor();
    expect(new URL(page.url()).searchParams.get('show')).toBe('all');
  });

  test('the audit by subject and page, each row in full, with the chain’s proof and where it is broken', async () => {
    const { page, plane } = tested;
    entries = Array.from({ length: 60 }, (_, n) =>
      entryOf(60 - n, n < 2 ? { subject: 'token/deploys', action: 'token.created', reason: 'the pipeline' } : {}),
    );
    await tested.visit('/audit', 'Audit');
    await page.getByTestId(`entry-${entries[0]!.id}`).getByText('2026-11-01 10:00:00 UTC').waitFor();
    await page.getByRole('button', { name: 'Older ones' }).click();
    await page.getByTestId(`entry-${entries[59]!.id}`).waitFor();
    await page.getByRole('link', { name: 'token/deploys' }).first().click();
    await page.getByText('stampctl audit ls --subject token/deploys').waitFor();
    await page.getByTestId(`entry-${entries[2]!.id}`).waitFor({ state: 'detached' });
    expect(new URL(page.url()).searchParams.get('subject')).toBe('token/deploys');
    await page.getByTestId(`entry-${entries[0]!.id}`).getByRole('link').first().click();
    const dialog = page.getByRole('dialog', { name: 'Audit entry' });
    for (const text of ['req-60', 'the pipeline', 'at 60', '"weight": 1']) await dialog.getByText(text).first().waitFor();
    expect(await violationsOn(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('combobox', { name: 'Since' }).selectOption('8h');
    await page.getByRole('link', { name: 'token.created' }).first().click();
    await page.getByText('stampctl audit ls --subject token/deploys --action token.created --since 8h').waitFor();
    const asked = new URLSearchParams(plane.seen.findLast((r) => r.path === '/v1/audit')!.query);
    expect(Date.parse(asked.get('since')!)).toBeLessThanOrEqual(Date.now() - 8 * 3_600_000);
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByRole('textbox', { name: 'Who' }).fill('token:nobody');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByText('Nothing like that is written in this region.').waitFor();
    await page.getByRole('button', { name: 'Verify', exact: true }).click();
    await page.getByText('unbroken: 60 rows are as they were written').waitFor();
    await page.getByRole('radiogroup', { name: 'As seen from' }).getByText('us', { exact: true }).click();
    await page.getByText('Nothing like that is written in us.').waitFor();
    await page.getByText('Not verified since').waitFor();
    expect(plane.seen.findLast((r) => r.path === '/v1/audit')!.query.get('region')).toBe('us');
    await page.getByText('stampctl audit ls --actor token:nobody --region us').waitFor();
    broken = { sequence: 17, why: 'the row was changed after it was sealed' };
    await page.getByRole('button', { name: 'Verify', exact: true }).click();
    await page.getByText('Broken at 17: the row was changed after it was sealed. 16 rows before it are good.').waitFor();
    expect(tested.errors).toEqual([]);
  });

  test('names: who has which, what was lost to whom; one is added and taken away at the version that was read', async () => {
    const { page, plane } = tested;
    plane.tenants.clear();
    plane.tenants.set('acme', aTenant({ id: 'acme', hosts: ['acme.example.net', 'shop.example.com'] }));
    plane.tenants.set('bolt', aTenant({ id: 'bolt', region: 'us', hosts: ['bolt.example.net'], lostHosts: ['shop.example.com'] }));
    plane.tenants.set('pend', aTenant({ id: 'pend', status: 'pending', placement: null, hosts: ['pend.example.net'] }));
    await tested.visit('/names', 'Host names');
    await page.getByTestId('name-pend.example.net-pend').getByText('not while it is pending').waitFor();
    await page.getByTestId('name-shop.example.com-bolt').getByText('no, to acme, which was given it first').waitFor();
    await page.getByRole('combobox', { name: 'Which' }).selectOption('lost');
    await page.getByText('1 of 5 names').waitFor();
    await page.getByRole('button', { name: 'Add a name' }).click();
    const adding = page.getByRole('dialog', { name: 'Add a name' });
    await adding.getByRole('textbox', { name: 'Tenant' }).fill('bolt');
    await adding.getByRole('textbox', { name: 'Host name' }).fill('Bücher.Example');
    await adding.getByRole('textbox', { name: 'Reason' }).fill('moved here');
    await adding.getByText("stampctl tenants hosts add bolt xn--bcher-kva.example --reason 'moved here'").waitFor();
    expect(await violationsOn(page)).toEqual([]);
    await adding.getByRole('button', { name: 'Add', exact: true }).click();
    await adding.waitFor({ state: 'detached' });
    const asked = plane.seen.find((r) => r.method === 'PATCH')!;
    expect([asked.headers['if-match'], asked.body]).toEqual([
      '"1"',
      { hosts: ['shop.example.com', 'xn--bcher-kva.example'], reason: 'moved here' },
    ]);
    await page.getByRole('combobox', { name: 'Which' }).selectOption('');
    await page.getByRole('button', { name: 'Remove shop.example.com from acme' }).click();
    const removing = page.getByRole('dialog', { name: 'Take shop.example.com from acme' });
    await removing.getByRole('textbox', { name: 'Reason' }).fill('sold');
    await removing.getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByTestId('name-shop.example.com-acme').waitFor({ state: 'detached' });
  });

  test('a route is looked up by the address, and each step says why', async () => {
    const { page, plane } = tested;
    plane.tenants.set('acme', aTenant({ id: 'acme' }));
    await tested.visit('/route', 'Route');
    await page.getByText('Say a host name').waitFor();
    await page.getByRole('textbox', { name: 'Host' }).fill('acme.lapidary.localhost');
    await page.getByRole('textbox', { name: 'Path' }).fill('/api/orders');
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.getByTestId('route').getByRole('heading').getByText('forward').waitFor();
    await page.getByText('stampctl route acme.lapidary.localhost --path /api/orders').waitFor();
    expect(new URL(page.url()).searchParams.get('host')).toBe('acme.lapidary.localhost');
    expect(plane.seen.find((r) => r.path === '/v1/route')!.query.get('path')).toBe('/api/orders');
  });

  test.each([
    ['light', 1280, 800],
    ['dark', 390, 844],
  ] as const)(
    'in %s at %i × %i no rule of WCAG AA is broken and nothing runs out of the page, full or empty',
    async (colorScheme, width, height) => {
      const page = await tested.open({ colorScheme, viewport: { width, height } });
      for (const isFull of [true, false]) {
        tokens = isFull ? [tokenOf('x'.repeat(100)), tokenOf('revoked', { revokedAt: at, expiresAt: at })] : [];
        entries = isFull
          ? [entryOf(1), entryOf(2, { reason: 'y'.repeat(300), actor: `token:${'z'.repeat(90)}`, subject: 's'.repeat(90) })]
          : [];
        if (!isFull) tested.plane.tenants.clear();
        for (const [path, heading] of [
          ['/tokens?show=all', 'API tokens'],
          ['/audit', 'Audit'],
          ['/names', 'Host names'],
          [isFull ? '/route?host=acme.lapidary.localhost' : '/route', 'Route'],
        ] as const) {
          await tested.visit(path, heading);
          await page.waitForFunction(() => document.querySelector('[aria-busy]') === null);
          await tested.shot(`${heading}-${isFull ? 'full' : 'empty'}-${colorScheme}-${width}`, true);
          expect(await violationsOn(page)).toEqual([]);
          expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        }
      }
      expect(tested.errors).toEqual([]);
    },
  );
});
