import type { ServerResponse } from 'node:http';
import { intentHeader, IntentPageSchema, IntentSchema, type IntentView } from '@lapidary/contracts/api/intents';
import type { SeenRequest } from '@lapidary/testing/fake-fleet';
import { ConsoleBrowser, inBrowser } from './test/console-browser.js';
import { violationsOn } from './test/console-fixture.js';

const at = '2026-11-01T10:00:00.000Z';
const intentOf = (more: Partial<IntentView> = {}): IntentView =>
  IntentSchema.parse({
    ...{ id: 'eu.01K0000000000000000000000A', region: 'eu', owner: 'us', operation: 'POST /v1/stamps/us-1/cordon', subject: 'stamp/us-1' },
    ...{ state: 'queued', actor: 'token:ops', reason: 'disk', idempotencyKey: null, createdAt: at, expiresAt: '2026-11-02T10:00:00.000Z' },
    ...{ ageSeconds: 4, attempts: 0, lastAttemptAt: null, lastError: null, settledAt: null, settledBy: null, outcome: null },
    ...more,
  });

inBrowser('commands that wait for another region, in a browser', () => {
  const tested = new ConsoleBrowser();
  let open: IntentView[];
  const answer = ({ method, path }: SeenRequest, response: ServerResponse): boolean => {
    const send = (status: number, body: unknown, headers = {}): true => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
      return true;
    };
    if (method === 'POST' && path === '/v1/stamps/us-1/cordon') {
      open = [intentOf()];
      return send(202, open[0], { [intentHeader]: open[0]!.id });
    }
    if (path === '/v1/intents') return send(200, IntentPageSchema.parse({ items: open, next: null }));
    if (!path.endsWith('/cancel')) return false;
    open = [];
    return send(200, intentOf({ state: 'cancelled', settledAt: at }));
  };
  tested.around(answer, () => {
    open = [];
  });

  test('a command for a region that is cut off says that it waits, stands on the page, and is taken back there', async () => {
    const { page, plane } = tested;
    await page.goto(`${plane.url}/#token=${plane.token}`);
    await page.getByRole('heading', { name: 'Stamps', exact: true }).waitFor();
    expect(await page.getByRole('heading', { name: 'Waiting for other regions' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Actions for us-1' }).click();
    await page.getByRole('menuitem', { name: /^Cordon/ }).click();
    await page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('disk');
    await page.getByRole('dialog').getByRole('button', { name: 'Cordon', exact: true }).click();
    await page.getByRole('alert').getByText('Region us cannot be reached: queued as eu.01K').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByTestId('intent-stamp/us-1').getByText('queued').waitFor();
    await tested.shot('intents');
    expect(await violationsOn(page)).toEqual([]);
    await page.getByRole('button', { name: 'Take back stamp/us-1' }).click();
    await page.getByRole('dialog').getByText('It was never sent').waitFor();
    await page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('not any more');
    await page.getByRole('dialog').getByRole('button', { name: 'Take back', exact: true }).click();
    await page.getByRole('heading', { name: 'Waiting for other regions' }).waitFor({ state: 'detached' });
    expect(plane.seen.find((s) => s.path.endsWith('/cancel'))?.body).toEqual({ reason: 'not any more' });
    expect(tested.errors).toEqual([]);
  });
});
