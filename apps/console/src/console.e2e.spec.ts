import type { Page } from 'playwright-core';
import type { JobView } from '@lapidary/contracts/api/jobs';
import type { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { aStamp, aTenant } from '@lapidary/testing/fleet-fixtures';
import { ConsoleBrowser, inBrowser } from './test/console-browser.js';
import { violationsOn } from './test/console-fixture.js';

inBrowser('the console in a browser', () => {
  const tested = new ConsoleBrowser();
  let plane: FakeControlPlane;
  let page: Page;

  beforeAll(() => tested.start());
  afterAll(() => tested.end());
  beforeEach(async () => {
    plane = await tested.planeUp();
    for (let n = 0; n < 60; n += 1) plane.tenants.set(`shop-${n}`, aTenant({ id: `shop-${n}`, labels: n % 2 ? { plan: 'gold' } : {} }));
    plane.tenants.set(
      'big',
      aTenant({ id: 'big', status: 'pending', statusReason: 'no stamp in eu has 90 units free', weight: 90, placement: null }),
    );
    page = await tested.open();
  });
  afterEach(() => tested.close());

  const signIn = async (path = '/'): Promise<void> => {
    await page.goto(`${plane.url}${path}#token=${plane.token}`);
    await page.getByRole('heading', { name: 'Stamps' }).waitFor();
    await page.getByRole('rowheader', { name: 'eu-1', exact: true }).first().waitFor();
  };
  const shot = (name: string, fullPage = false): Promise<void> => tested.shot(name, fullPage);
  const violations = (): Promise<string[]> => violationsOn(page);
  const provision = (): JobView => {
    const job = plane.openJob('eu-2');
    plane.emit('lapidary.job.queued.v1', `job/${job.id}`, { job });
    return job;
  };
  const running = (job: JobView, upTo: number): JobView => {
    const at = new Date().toISOString();
    const steps = job.steps.map((s, n) =>
      n < upTo
        ? { ...s, status: 'succeeded' as const, attempts: 1, startedAt: at, finishedAt: at, message: 'done' }
        : n === upTo
          ? { ...s, status: 'running' as const, attempts: 1, startedAt: at }
          : s,
    );
    return { ...job, status: 'running', startedAt: at, steps };
  };

  test('a link with a token signs in, and the token is gone from the address', async () => {
    await signIn();
    expect(page.url()).toBe(`${plane.url}/`);
    expect(await page.evaluate(() => JSON.stringify([localStorage, sessionStorage, document.cookie]))).not.toContain(plane.token);
    expect(tested.errors).toEqual([]);
    expect(tested.foreign).toEqual([]);
  });

  test('a stale link and a wrong token are told apart from success, and the right one lets in', async () => {
    await page.goto(`${plane.url}/#token=old`);
    await page.getByText('The token in the link was not accepted').waitFor();
    await shot('login');
    expect(await violations()).toEqual([]);
    await page.getByLabel('Token', { exact: true }).fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: 'unauthenticated' }).waitFor();
    await page.getByLabel('Token', { exact: true }).fill(plane.token);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Stamps' }).waitFor();
  });

  test('without a session every page leads to the login', async () => {
    await page.goto(`${plane.url}/?tenant=acme`);
    await page.getByLabel('Token', { exact: true }).waitFor();
  });

  test('the figures of a fleet that is not known yet claim nothing of it', async () => {
    const held: (() => void)[] = [];
    plane.intercept = ({ path }) => path.startsWith('/v1/regions') && new Promise((resolve) => held.push(() => resolve(false)));
    await signIn();
    await page.getByText('all well').waitFor();
    expect(await page.getByText('loading').count()).toBe(3);
    expect(await page.getByText(/all linked|all placed|of 0/).count()).toBe(0);
    plane.intercept = null;
    for (const answer of held) answer();
    await page.getByText('all linked').waitFor();
    expect(await page.getByText('loading').count()).toBe(0);
  });

  test('a job moves before the eyes, step by step, without a reload', async () => {
    await signIn();
    await page.getByTestId('live').getByText('live').waitFor();
    const job = provision();
    const row = page.getByTestId('job-eu-2');
    await row.waitFor();
    plane.progress(running(job, 0), { step: 'check', message: 'Check the spec' });
    await row.getByText('0 of 4 steps: Check the spec').waitFor();
    await row.getByRole('link').click();
    plane.progress(running(job, 2), { step: 'realise', message: 'created stamp:database eu-2-db' });
    await row.getByText('2 of 4 steps').waitFor();
    await page.getByTestId('job-log').getByText('created stamp:database eu-2-db').waitFor();
    await shot('job');
    expect(await violations()).toEqual([]);
    const stamp = aStamp({ name: 'eu-2', used: { units: 0 }, tenants: 0 });
    plane.stamps.set('eu-2', stamp);
    plane.emit('lapidary.stamp.activated.v1', 'stamp/eu-2', { stamp });
    await page.getByRole('rowheader', { name: 'eu-2', exact: true }).waitFor({ state: 'attached' });
    expect(tested.errors).toEqual([]);
  });

  test('a control plane that goes away makes the page say since when, and what was missed is there when it is back', async () => {
    await signIn();
    await page.getByTestId('live').getByText('live').waitFor();
    await plane.down();
    await page.getByTestId('live').getByText('stale since').waitFor();
    await shot('stale');
    plane.stamps.set('eu-7', aStamp({ name: 'eu-7' }));
    await plane.up();
    await page.getByTestId('live').getByText('live', { exact: true }).waitFor();
    await page.getByRole('rowheader', { name: 'eu-7', exact: true }).waitFor();
  });

  test('lapidary.reset reads everything again', async () => {
    await signIn();
    await page.getByTestId('live').getByText('live').waitFor();
    plane.tenants.set('zebra', aTenant({ id: 'zebra' }));
    plane.reset();
    await page.getByText('of 63').waitFor();
  });

  test('the address holds filters, page and selection: a link shows the same to whoever opens it', async () => {
    await signIn();
    await page.getByLabel('Find').fill('gold');
    await page.getByText('30 of 62').waitFor();
    await page.getByRole('button', { name: 'Page 2' }).click();
    await page.getByRole('link', { name: 'shop-59' }).click();
    await page.getByRole('dialog').getByText('◀ chosen').waitFor();
    const address = page.url();
    expect(address).toContain('q=gold');
    await shot('explain');
    expect(await violations()).toEqual([]);
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => !url.search.includes('tenant='));
    await page.goto(address);
    await page.getByRole('dialog').getByText('◀ chosen').waitFor();
    expect(await page.getByLabel('Find').inputValue()).toBe('gold');
  });

  test('a cordon needs a reason, is shown at once, and can be taken back', async () => {
    await signIn();
    await page.getByRole('button', { name: 'Actions for eu-1' }).click();
    await page.getByRole('menuitem', { name: /^Cordon/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Cordon', exact: true }).click();
    await dialog.getByText('Say why').waitFor();
    await dialog.getByRole('textbox', { name: 'Reason' }).fill("disk's dying");
    await dialog.getByText("stampctl stamps cordon eu-1 --reason 'disk'\\''s dying'").waitFor();
    await shot('cordon');
    expect(await violations()).toEqual([]);
    await dialog.getByRole('button', { name: 'Cordon', exact: true }).click();
    await page.getByText("cordoned: disk's dying").waitFor();
    expect(plane.stamps.get('eu-1')?.cordonReason).toBe("disk's dying");
    await page.getByRole('button', { name: 'Actions for eu-1' }).click();
    await page.getByRole('menuitem', { name: /^Uncordon/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Uncordon', exact: true }).click();
    await page.getByText('cordoned:').waitFor({ state: 'detached' });
  });

  test('a tenant is suspended with a reason and resumed, where it is looked at; a refusal says why', async () => {
    await signIn('/?tenant=shop-7');
    const drawer = page.getByRole('dialog', { name: 'Tenant' });
    await drawer.getByRole('button', { name: 'Suspend' }).click();
    const asked = page.getByRole('dialog', { name: 'Suspend shop-7' });
    await asked.getByRole('button', { name: 'Suspend', exact: true }).click();
    await asked.getByText('Say why').waitFor();
    await asked.getByRole('textbox', { name: 'Reason' }).fill('unpaid since May');
    await asked.getByText("stampctl tenants suspend shop-7 --reason 'unpaid since May'").waitFor();
    expect(await violations()).toEqual([]);
    await asked.getByRole('button', { name: 'Suspend', exact: true }).click();
    await drawer.getByText('unpaid since May').waitFor();
    expect(plane.tenants.get('shop-7')).toMatchObject({ status: 'suspended', statusReason: 'unpaid since May' });
    await drawer.getByRole('button', { name: 'Resume' }).click();
    const again = page.getByRole('dialog', { name: 'Resume shop-7' });
    const problem = {
      type: '/docs/runbooks/name_taken',
      title: 'The name is taken',
      status: 409,
      code: 'name_taken',
      check: 'x',
      retry: false,
    };
    plane.intercept = ({ path }, response) =>
      path.endsWith('/resume') &&
      Boolean(
        response
          .writeHead(409, { 'content-type': 'application/problem+json' })
          .end(JSON.stringify({ ...problem, detail: 'The name shop-7 belongs to a tenant of region us' })),
      );
    await again.getByRole('button', { name: 'Resume', exact: true }).click();
    await again.getByText('belongs to a tenant of region us').waitFor();
    plane.intercept = () => false;
    await again.getByRole('button', { name: 'Resume', exact: true }).click();
    await drawer.getByRole('button', { name: 'Suspend' }).waitFor();
    expect(plane.tenants.get('shop-7')).toMatchObject({ status: 'placed', statusReason: null });
  });

  test('provisioning starts from the page, under an idempotency key, and its job opens', async () => {
    await signIn();
    await page.getByRole('button', { name: 'Provision a stamp' }).click();
    expect(await page.getByLabel('Name, <region>-<number>').inputValue()).toBe('eu-2');
    await page.getByRole('button', { name: 'Provision', exact: true }).click();
    await page
      .getByRole('dialog')
      .getByRole('heading', { name: /provision eu-2/ })
      .waitFor();
    expect(plane.seen.find((r) => r.path.endsWith('/provision'))?.headers['idempotency-key']).toHaveLength(26);
  });

  test('an error names what happened, the code and what to check', async () => {
    await signIn();
    await page.getByRole('button', { name: 'Provision a stamp' }).click();
    plane.openJob('eu-2');
    await page.getByRole('button', { name: 'Provision', exact: true }).click();
    const alert = page.getByRole('dialog').getByRole('alert');
    await alert.getByText('job_in_progress').waitFor();
    await alert.getByText('stampctl jobs watch').waitFor();
  });

  test('an empty fleet says which commands fill it', async () => {
    plane.stamps.clear();
    plane.tenants.clear();
    await page.goto(`${plane.url}/#token=${plane.token}`);
    await page.getByText('stampctl provision eu-1').waitFor();
    await page.getByText('stampctl tenants create acme --region eu').waitFor();
    await shot('empty', true);
    expect(await violations()).toEqual([]);
  });

  test.each([
    ['light', 1280, 800],
    ['dark', 1280, 800],
    ['light', 390, 844],
    ['dark', 390, 844],
  ] as const)('in %s at %i × %i no rule of WCAG AA is broken and nothing runs out of the page', async (colorScheme, width, height) => {
    page = await tested.open({ colorScheme, viewport: { width, height } });
    plane.regions[1] = {
      ...plane.regions[1]!,
      pending: 1,
      link: { state: 'cut', appliedSequence: 4, lagMs: null, cutSince: new Date(Date.now() - 200_000).toISOString() },
    };
    plane.stamps.set(
      'eu-3',
      aStamp({ name: 'eu-3', health: 'suspected', cordoned: true, cordonReason: 'disk replaced at noon', used: { units: 95 } }),
    );
    plane.progress(running(provision(), 1), { step: 'preview', message: 'Preview the template' });
    await signIn();
    await page.getByTestId('job-eu-2').waitFor();
    await page.locator('svg[role=img]').waitFor();
    await shot(`fleet-${colorScheme}-${width}`);
    await shot(`fleet-${colorScheme}-${width}-full`, true);
    expect(await violations()).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    expect(tested.errors).toEqual([]);
  });

  test('everything can be reached and used with the keyboard alone', async () => {
    await signIn();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
    const reached = new Set<string>();
    for (let n = 0; n < 80; n += 1) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        const style = getComputedStyle(element);
        return {
          name: element === document.body ? 'BODY' : (element.getAttribute('aria-label') ?? element.textContent),
          outline:
            style.outlineStyle !== 'none' || style.boxShadow !== 'none' || element.tagName === 'INPUT' || element.tagName === 'SELECT',
        };
      });
      // After the last element the focus leaves the page once before it comes round again.
      if (focused.name === 'BODY') continue;
      expect(focused).toEqual({ name: focused.name, outline: true });
      reached.add(focused.name);
    }
    expect([...reached]).toEqual(expect.arrayContaining(['Provision a stamp', 'Actions for eu-1', 'Sign out', 'acme']));
  });
});
