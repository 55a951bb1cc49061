import type { ServerResponse } from 'node:http';
import { DriftStatusSchema, FindingPageSchema } from '@lapidary/contracts/api/drift';
import { JobPageSchema } from '@lapidary/contracts/api/jobs';
import { GeodeSchema } from '@lapidary/contracts/api/replication';
import { AppError } from '@lapidary/kernel/app-error';
import { refuse } from '@lapidary/testing/fake-control-plane';
import { aDriftRun, aFinding } from '@lapidary/testing/fake-drift-routes';
import type { SeenRequest } from '@lapidary/testing/fake-fleet';
import { aJob } from '@lapidary/testing/fleet-fixtures';
import { ConsoleBrowser, inBrowser } from './test/console-browser.js';
import { violationsOn } from './test/console-fixture.js';

inBrowser('what other regions keep is seen from here, in a browser', () => {
  const tested = new ConsoleBrowser();
  let isCut: boolean;
  const finding = aFinding({ region: 'us', subject: 'stamp/us-1' });

  const answerOfUs = (path: string): unknown => {
    if (path === '/v1/drift')
      return DriftStatusSchema.parse({
        ...{ region: 'us', open: { info: 0, warning: 1, critical: 0 }, suppressed: 0, oldestOpen: finding.firstSeen, blind: [] },
        ...{ lastRun: aDriftRun(), nextRunAt: null, isOverdue: false, failed: null, quarantined: 0 },
      });
    if (path === '/v1/drift/findings') return FindingPageSchema.parse({ items: [finding], next: null });
    if (path === '/v1/jobs')
      return JobPageSchema.parse({ items: [aJob({ id: 'us.01K00000000000000000000001', region: 'us', subject: 'us-7' })], next: null });
    if (path === '/v1/geode')
      return GeodeSchema.parse({
        ...{ region: 'us', epoch: 1, sequence: 17, autonomousSince: null, outbox: { waiting: 0, oldestSeconds: 0, kept: 17 } },
        ...{ deadLetters: 2, conflicts: 7, digest: { root: '0000000000000000', documents: 0 }, peers: [] },
      });
    return undefined;
  };
  const answer = ({ path, query }: SeenRequest, response: ServerResponse): boolean => {
    if (query.get('region') !== 'us') return false;
    if (isCut) {
      refuse(response, new AppError('region_unreachable', 'Region us does not answer'));
      return true;
    }
    const body = answerOfUs(path);
    if (body === undefined) return false;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return true;
  };

  tested.around(answer, () => {
    isCut = false;
  });

  test('a finding of another region is told on the page of this one, and shown by the address', async () => {
    const { page, plane } = tested;
    await tested.visit('/drift', 'Findings');
    await page.getByText('us: 1 open').click();
    await page.getByTestId(`finding-${finding.id}`).waitFor();
    await page.getByText('stampctl drift ls --region us').waitFor();
    expect(new URL(page.url()).searchParams.get('region')).toBe('us');
    expect(await violationsOn(page)).toEqual([]);
    await page.getByRole('button', { name: 'Look now' }).click();
    await page.getByText('A look is under way').waitFor();
    expect(plane.seen.find((r) => r.path === '/v1/drift/runs')!.body).toEqual({ region: 'us' });
  });

  test('a region that does not answer is no region without findings', async () => {
    isCut = true;
    await tested.visit('/drift', 'Findings');
    await tested.page.getByText('us: not known').waitFor({ timeout: 20_000 });
    await tested.visit('/', 'Jobs');
    await tested.page.getByText('Jobs of us are missing here: it does not answer.').waitFor({ timeout: 20_000 });
  });

  test('jobs of every region are listed, and those of one where it is chosen', async () => {
    const { page } = tested;
    await tested.visit('/?region=us', 'Jobs');
    await page.getByTestId('job-us-7').waitFor();
    await tested.visit('/', 'Jobs');
    await page.getByTestId('job-us-7').waitFor();
  });

  test.each([
    ['/dead-letters', 'Dead letters', 'us: 2', '/v1/dead-letters'],
    ['/conflicts', 'Ledger', 'us: 7', '/v1/conflicts'],
  ])('%s: how many another region has stands beside its name, and a click asks it', async (path, heading, note, api) => {
    const { page, plane } = tested;
    plane.intercept = (request, response) => {
      if (request.path !== api && request.path !== `${api}/counts`) return answer(request, response);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ items: [], next: null }));
      return true;
    };
    await tested.visit(path, heading);
    const asked = page.waitForRequest((request) => new URL(request.url()).pathname === api && request.url().includes('region=us'));
    await page.getByText(note).click();
    await asked;
    expect(await violationsOn(page)).toEqual([]);
  });
});
