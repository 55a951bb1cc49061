import type { ServerResponse } from 'node:http';
import type { Page } from 'playwright-core';
import {
  RolloutEventsSchema,
  RolloutPageSchema,
  RolloutPolicySchema,
  RolloutSchema,
  type RolloutView,
} from '@lapidary/contracts/api/rollouts';
import type { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import type { SeenRequest } from '@lapidary/testing/fake-fleet';
import { aDriftRun, aFinding } from '@lapidary/testing/fake-drift-routes';
import type { z } from 'zod';
import { ConsoleBrowser, inBrowser } from './test/console-browser.js';
import { violationsOn } from './test/console-fixture.js';

const at = '2026-11-01T10:00:00.000Z';
const checkOf = (outcome: 'pass' | 'fail') => ({
  measure: 'errors' as const,
  outcome,
  why: outcome === 'fail' ? '25 % of 2040 requests fail, 0.1 % of 3060 in the control group' : '0.1 % of 900 requests fail, as elsewhere',
  changed: 0.25,
  control: 0.001,
  samples: { changed: 2_040, control: 3_060 },
  probability: 1e-9,
});
const waveOf = (name: 'canary' | 'early' | 'broad', more: object) => ({
  ...{
    name,
    ring: name,
    status: 'pending',
    approval: false,
    approvedBy: null,
    startedAt: null,
    finishedAt: null,
    checks: [],
    verdict: null,
  },
  ...more,
});
const memberOf = (stamp: string, wave: string, status: string, message: string | null = null) => ({
  ...{ stamp, region: stamp.slice(0, 2), wave, status, fromVersion: '1.0.0', job: null, changedAt: at, message },
});
const rolloutOf = (more: object = {}): RolloutView =>
  RolloutSchema.parse({
    ...{ id: 'eu.01K0000000000000000000000A', region: 'eu', status: 'running', statusReason: null, kind: 'workload' },
    ...{ target: '2.0.0', base: '1.0.0', regions: ['eu', 'us'], policy: RolloutPolicySchema.parse({}), reason: 'faster carts' },
    requestedBy: 'token:ops',
    waves: [
      waveOf('canary', { status: 'passed', verdict: { outcome: 'passed', at, why: 'every check passed', checks: [checkOf('pass')] } }),
      waveOf('early', { status: 'soaking', checks: [checkOf('pass')] }),
      waveOf('broad', { approval: true }),
    ],
    stamps: [memberOf('eu-1', 'canary', 'passed'), memberOf('us-1', 'early', 'soaking'), memberOf('eu-2', 'broad', 'waiting')],
    ...{ version: 3, createdAt: at, updatedAt: at, finishedAt: null },
    ...more,
  });
const halted = (): RolloutView =>
  rolloutOf({
    ...{ status: 'halted', version: 9, statusReason: 'wave early: 25 % of 2040 requests fail' },
    waves: [
      rolloutOf().waves[0],
      waveOf('early', { status: 'reverted', verdict: { outcome: 'failed', at, why: 'requests fail', checks: [checkOf('fail')] } }),
      waveOf('broad', { status: 'skipped', approval: true }),
    ],
    stamps: [
      memberOf('eu-1', 'canary', 'passed'),
      memberOf('us-1', 'early', 'reverted', 'taken back to 1.0.0'),
      memberOf('eu-2', 'broad', 'skipped'),
    ],
  });

inBrowser('roll-outs and drift in a browser', () => {
  const tested = new ConsoleBrowser();
  let plane: FakeControlPlane;
  let page: Page;
  /** What the roll-outs' routes answer. */
  let present: RolloutView[];

  const answer = ({ method, path }: SeenRequest, response: ServerResponse): boolean => {
    const send = <T>(schema: z.ZodType<T>, value: unknown): true => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(schema.parse(value)));
      return true;
    };
    const [, , noun, id, sub] = path.split('/');
    if (noun !== 'rollouts') return false;
    if (id === undefined) return send(RolloutPageSchema, { items: present, next: null });
    const one = present.find((r) => r.id === id);
    if (sub === 'events') {
      const line = { sequence: 1, at, level: 'warning', wave: 'early', stamp: 'us-1', message: 'is watched' };
      return send(RolloutEventsSchema, { items: [line] });
    }
    if (method === 'POST' && one) present = [rolloutOf({ status: sub === 'pause' ? 'paused' : 'rolling_back', version: one.version + 1 })];
    return send(
      RolloutSchema,
      present.find((r) => r.id === id),
    );
  };

  beforeAll(() => tested.start());
  afterAll(() => tested.end());
  beforeEach(async () => {
    present = [rolloutOf()];
    plane = await tested.planeUp();
    plane.intercept = answer;
    page = await tested.open();
  });
  afterEach(() => tested.close());
  const shot = (name: string): Promise<void> => tested.shot(name);

  test('pages are reached from each other; a roll-out opens, and moves before the eyes as it is halted', async () => {
    await tested.visit('/', 'Stamps');
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Roll-outs' }).click();
    await page.getByRole('row').getByText('1 of 3 passed, early soaking').waitFor();
    await page.getByTestId('live').getByText('live', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'workload 1.0.0 → 2.0.0' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByTestId('wave-canary').getByText('passed: every check passed').waitFor();
    await dialog.getByTestId('wave-broad').getByText('needs an approval').waitFor();
    await dialog.getByText('us-1: is watched').waitFor();
    await shot('rollout-running');
    expect(await violationsOn(page)).toEqual([]);
    present = [halted()];
    plane.emit('lapidary.rollout.changed.v1', `rollout/${present[0]!.id}`, { rollout: present[0] });
    await dialog.getByTestId('wave-early').getByText('failed: requests fail').waitFor();
    await dialog.getByText('taken back to 1.0.0').waitFor();
    expect(await dialog.getByRole('button', { name: 'Roll back' }).isVisible()).toBe(true);
    expect(await dialog.getByRole('button', { name: 'Pause' }).count()).toBe(0);
    await shot('rollout-halted');
    // An older state that comes late changes nothing.
    plane.emit('lapidary.rollout.changed.v1', `rollout/${present[0]!.id}`, { rollout: rolloutOf() });
    await page.reload();
    await page.getByRole('dialog').getByText('failed: requests fail').waitFor();
    expect(tested.errors).toEqual([]);
  });

  test('a verb needs its reason, a rollback the version once more; both show the command', async () => {
    await tested.visit(`/rollouts?rollout=${present[0]!.id}`, 'Roll-outs');
    await page.getByRole('button', { name: 'Pause' }).click();
    const confirm = page.getByRole('dialog', { name: 'Pause workload 2.0.0' });
    await confirm.getByRole('button', { name: 'Pause', exact: true }).click();
    await confirm.getByText('Say why.').waitFor();
    await confirm.getByRole('textbox', { name: 'Reason' }).fill('lunch');
    await confirm.getByText(`stampctl rollout pause ${present[0]!.id} --reason 'lunch'`).waitFor();
    expect(await violationsOn(page)).toEqual([]);
    await confirm.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    expect(plane.seen.find((r) => r.path.endsWith('/pause'))?.body).toEqual({ reason: 'lunch' });

    await page.getByRole('button', { name: 'Roll back' }).click();
    const back = page.getByRole('dialog', { name: 'Roll back workload 2.0.0' });
    await back.getByRole('textbox').fill('1.0.0');
    await back.getByRole('button', { name: 'Roll back', exact: true }).click();
    await back.getByText('Type 2.0.0 to go on.').waitFor();
    expect(plane.seen.some((r) => r.path.endsWith('/rollback'))).toBe(false);
    await back.getByRole('textbox').fill('2.0.0');
    await back.getByRole('button', { name: 'Roll back', exact: true }).click();
    await page.getByRole('dialog').getByText('rolling back').waitFor();
  });

  test('drift: the address holds the filter and the finding; both sides are told, and what can be done', async () => {
    const finding = aFinding({ path: 'aws:ec2/vpc:Vpc eu-1-network: tags.owner', expected: 'platform', observed: null });
    plane.findings.set(finding.id, finding);
    const hidden = aFinding({ state: 'suppressed', kind: 'spec', path: 'profile', subject: 'stamp/eu-2' });
    plane.findings.set(hidden.id, hidden);
    await tested.visit('/drift', 'Findings');
    await page.getByText('0 critical, 1 warning,').waitFor();
    await page.getByText('ring-sibling: 0 of 1, blind').waitFor();
    await page.getByText('platform → nothing').waitFor();
    await shot('drift');
    await page.getByText('suppressed', { exact: true }).click();
    await page.getByRole('link', { name: 'stamp/eu-2' }).waitFor();
    expect(page.url()).toContain('state=suppressed');
    await page.getByText('stampctl drift ls --region eu --state suppressed').waitFor();
    await page.goto(`${plane.url}/drift?finding=${finding.id}`);
    const dialog = page.getByRole('dialog');
    await dialog.getByText('aws:ec2/vpc:Vpc eu-1-network: tags.owner').waitFor();
    await dialog.getByText('stampctl diff eu-1').waitFor();
    await dialog.getByText(`stampctl drift suppress ${finding.id} --owner`).waitFor();
    await shot('finding');
    expect(await violationsOn(page)).toEqual([]);
    expect(tested.errors).toEqual([]);
  });

  test('drift: nobody takes silence for order where looks fail; the trend has the window of the address', async () => {
    plane.findings.set('x', aFinding({ severity: 'critical', quarantinedAt: '2026-01-02T03:04:05.000Z' }));
    plane.intercept = (request, response) => {
      if (request.path !== '/v1/drift') return false;
      const status = {
        ...{ region: 'eu', open: { info: 0, warning: 0, critical: 1 }, suppressed: 0, oldestOpen: null, lastRun: aDriftRun(), blind: [] },
        ...{ nextRunAt: null, isOverdue: true, failed: { runs: 4, at: '2026-01-02T03:04:05.000Z', error: 'no room' }, quarantined: 1 },
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(status));
      return true;
    };
    await tested.visit('/drift?days=90', 'Trend');
    await page.getByText('Nobody has looked for longer than is meant. 4 looks have failed since: no room').waitFor();
    await page.getByText('1 quarantined').waitFor();
    await page
      .getByTestId(/^finding-/)
      .getByText('quarantined')
      .waitFor();
    expect(await page.getByRole('table', { name: 'Drift by day' }).getByRole('row').count()).toBe(91);
    await page.getByLabel('Days of the trend').selectOption('7');
    await page.getByText('stampctl drift trend --days 7').waitFor();
    expect(page.url()).toContain('days=7');
    await shot('drift-trend');
    expect(await violationsOn(page)).toEqual([]);
  });

  test('looking now is asked once, and an event shows a new finding without a reload', async () => {
    await tested.visit('/drift', 'Findings');
    await page.getByText('No findings of this kind').waitFor();
    await page.getByTestId('live').getByText('live', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Look now' }).click();
    await page.getByText('A look is under way').waitFor();
    expect(plane.seen.filter((r) => r.method === 'POST' && r.path === '/v1/drift/runs')).toHaveLength(1);
    const finding = aFinding({ severity: 'critical' });
    plane.findings.set(finding.id, finding);
    plane.emit('lapidary.drift.found.v2', finding.subject, { finding });
    await page.getByTestId(`finding-${finding.id}`).getByText('critical').waitFor();
  });

  test.each([
    ['light', 1280, 800],
    ['dark', 390, 844],
  ] as const)('in %s at %i × %i no rule of WCAG AA is broken and nothing runs out of the page', async (colorScheme, width, height) => {
    page = await tested.open({ colorScheme, viewport: { width, height } });
    present = [halted(), rolloutOf({ id: 'eu.01K0000000000000000000000B', target: '1.5.0', status: 'completed' })];
    for (const severity of ['critical', 'warning', 'info'] as const) {
      const finding = aFinding({ severity, observed: 'x'.repeat(200) });
      plane.findings.set(finding.id, finding);
    }
    for (const [path, heading] of [
      ['/rollouts', 'Roll-outs'],
      ['/drift', 'Findings'],
    ] as const) {
      await tested.visit(path, heading);
      await page.getByRole('table').first().waitFor();
      await shot(`${heading.toLowerCase()}-${colorScheme}-${width}`);
      expect(await violationsOn(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
  });
});
