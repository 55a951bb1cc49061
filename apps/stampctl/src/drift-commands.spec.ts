import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { aFinding } from '@lapidary/testing/fake-drift-routes';
import { parse } from 'yaml';
import { run, type Ran } from './test/run-stampctl.js';

let plane: FakeControlPlane;
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });
const add = (given: Parameters<typeof aFinding>[0] = {}): string => {
  const finding = aFinding(given);
  plane.findings.set(finding.id, finding);
  return finding.id;
};
const suppress = (id: string): Promise<Ran> =>
  ctl('drift', 'suppress', id, '--owner', 'ann', '--reason', 'sale', '--for', '7d', '-o', 'json');

beforeEach(async () => {
  plane = await new FakeControlPlane().up();
});
afterEach(async () => plane.down());

test.each(['ls', 'show', 'run', 'runs', 'suppressions'])('%s prints every format, and a table fits 80 columns', async (verb) => {
  const id = add({ observed: { long: 'x'.repeat(200) } });
  plane.suppressions.set('x', JSON.parse((await suppress(add())).out));
  const argv = ['drift', verb, ...(verb === 'show' ? [id] : []), ...(verb === 'ls' ? ['--state', 'all'] : [])];
  const exit = verb === 'ls' || verb === 'run' ? 7 : 0;
  for (const format of ['table', 'wide', 'name']) {
    const ran = await ctl(...argv, '-o', format);
    expect(ran).toMatchObject({ exit });
    expect(ran.out).not.toMatch(/undefined|\[object|\u001b\[/);
    if (format === 'table') expect(Math.max(...ran.out.split('\n').map((l) => l.length))).toBeLessThanOrEqual(verb === 'show' ? 400 : 80);
  }
  const json = await ctl(...argv, '-o', 'json');
  expect(typeof JSON.parse(json.out)).toBe('object');
  expect(typeof parse((await ctl(...argv, '-o', 'yaml')).out)).toBe('object');
});

test('a finding shows severity, subject, path, both sides and its id; the worst comes first', async () => {
  const mild = add({ severity: 'info', subject: 'stamp/eu-2' });
  const bad = add({ severity: 'critical', path: 'lapidary:local:Database eu-1-database', expected: 'there', observed: null });
  const { out, exit } = await ctl('drift', 'ls');
  expect(exit).toBe(7);
  expect(out.indexOf(bad)).toBeLessThan(out.indexOf(mild));
  expect(out).toMatch(/critical {2}stamp\/eu-1 {2}resource {2}for /);
  expect(out).toMatch(/observed +nothing/);
});

test('ls asks every region, and says which is missing instead of showing less', async () => {
  add({ region: 'us', subject: 'stamp/us-1' });
  const both = await ctl('drift', 'ls', '-o', 'json');
  expect(JSON.parse(both.out)).toMatchObject({ items: [{ region: 'us' }], missing: [] });
  plane.intercept = (request, response) => {
    if (request.query.get('region') !== 'us') return false;
    const problem = { type: '/x', title: 't', status: 503, detail: 'us is cut off', code: 'region_unreachable', check: 'c', retry: false };
    response.writeHead(503, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
    return true;
  };
  const ran = await ctl('drift', 'ls', '-o', 'json');
  expect(JSON.parse(ran.out)).toMatchObject({ items: [], missing: [{ region: 'us' }] });
  // That nothing stands there is not known: no 0 for who goes by it.
  expect(ran.exit).toBe(1);
  expect(ran.err).toContain('us is missing from this list');
});

test('nothing that differs ends with 0; so does what is suppressed', async () => {
  expect(await ctl('drift', 'ls')).toMatchObject({ exit: 0, out: '' });
  expect(await ctl('drift', 'run')).toMatchObject({ exit: 0 });
  const id = add();
  expect((await suppress(id)).exit).toBe(0);
  expect((await ctl('drift', 'ls')).exit).toBe(0);
  expect((await ctl('drift', 'run')).exit).toBe(0);
});

test('a suppression needs owner, reason and time, and is ended by its own id or the finding’s', async () => {
  const id = add();
  for (const left of ['--owner', '--reason', '--for']) {
    const argv = ['--owner', 'ann', '--reason', 'sale', '--for', '7d'];
    argv.splice(argv.indexOf(left), 2);
    const ran = await ctl('drift', 'suppress', id, ...argv);
    expect(ran).toMatchObject({ exit: 2, out: '' });
    expect(ran.err).toContain(`${left} is missing`);
  }
  expect((await ctl('drift', 'suppress', id, '--owner', 'a', '--reason', 'b', '--for', 'ever')).exit).toBe(2);
  expect((await ctl('drift', 'suppress', '--owner', 'a', '--reason', 'b', '--for', '1d')).exit).toBe(2);
  const suppression = JSON.parse((await suppress(id)).out) as { id: string; until: string };
  expect(Date.parse(suppression.until) - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
  expect((await ctl('drift', 'unsuppress', suppression.id)).exit).toBe(0);
  expect(plane.findings.get(id)?.state).toBe('open');
  await suppress(id);
  expect((await ctl('drift', 'unsuppress', id, '-o', 'json')).exit).toBe(0);
  expect((await ctl('drift', 'unsuppress', id)).exit).toBe(5);
  expect((await ctl('drift', 'unsuppress', 'rubbish')).exit).toBe(2);
});

test('run tells what was skipped and which sensor is blind', async () => {
  const { out } = await ctl('drift', 'run');
  expect(out).toContain('skipped stamp/eu-2: is failed');
  expect(out).toMatch(/ring-sibling .*MISSED/);
});

test('doctor mentions what stands, and what is hidden', async () => {
  add({ severity: 'critical' });
  const bad = await ctl('doctor');
  expect(bad.out).toMatch(/warn +drift eu +1 differs, 1 critical/);
  expect(bad.out).toContain('stampctl drift ls');
  plane.findings.clear();
  await suppress(add());
  expect((await ctl('doctor')).out.replace(/\s+/g, ' ')).toContain('1 hidden by suppressions');
});

test('repair says what became of each document, and 7 where a person has to look', async () => {
  const mild = add({ kind: 'data-digest', subject: 'replica/us.shop', path: 'lww acme/d1' });
  const dry = await ctl('drift', 'repair', '--dry-run');
  expect(dry).toMatchObject({ exit: 0 });
  expect(dry.out).toMatch(/merged \(dry run\) +replica\/us\.shop +lww acme\/d1/);
  add({ kind: 'scrub', severity: 'critical', subject: 'collection/shop', path: 'lww acme/d2' });
  const all = await ctl('drift', 'repair', '-o', 'json');
  expect(all.exit).toBe(7);
  expect(JSON.parse(all.out)).toMatchObject({ repair: { dryRun: false }, repairs: [{ outcome: 'merged' }, { outcome: 'refused' }] });
  expect((await ctl('drift', 'repair', mild, '-o', 'name')).out.trim()).toBe(mild);
  expect(await ctl('drift', 'repair', '--no-wait', '-o', 'json')).toMatchObject({ exit: 0 });
});

test('repair says how many it has left to the next run', async () => {
  for (let i = 0; i < 502; i++) add({ kind: 'data-digest', subject: 'replica/us.shop', path: `lww acme/d${i}` });
  const ran = await ctl('drift', 'repair');
  expect(ran.exit).toBe(0);
  expect(ran.err).toContain('2 more can be repaired, and were not tried: a run tries 500.');
});

test('repair with nothing to do says so', async () => {
  const ran = await ctl('drift', 'repair');
  expect(ran).toMatchObject({ exit: 0, out: '' });
  expect(ran.err).toContain('drift ls');
});

test.each([
  ['md', /^# Drift/],
  ['html', /^<!doctype html>/],
  ['csv', /^region,severity/],
  ['json', /"regions"/],
])('report writes %s', async (format, begins) => {
  add({ subject: 'stamp/eu-7' });
  for (const flag of ['--format', '-o']) {
    const { out, exit } = await ctl('drift', 'report', flag, format);
    expect(exit).toBe(0);
    expect(out).toMatch(begins);
    expect(out).toContain('stamp/eu-7');
  }
});

test('a form that a command does not have is refused in every place, with those that it has', async () => {
  for (const argv of [
    ['-o', 'md', 'drift', 'ls'],
    ['drift', 'ls', '-o', 'md'],
    ['drift', 'ls', '-o', 'rubbish'],
  ])
    expect(await ctl(...argv)).toMatchObject({ exit: 2, out: '', err: expect.stringContaining('table, wide, json, yaml, name') as string });
  expect(await ctl('drift', 'report', '-o', 'yaml')).toMatchObject({
    exit: 2,
    err: expect.stringContaining('md, html, csv, json') as string,
  });
});

test('the trend has a window of its own, and says on which days nobody looked', async () => {
  const { out, exit } = await ctl('drift', 'trend', '--days', '90', '-o', 'json');
  expect(exit).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    items: [{ region: 'eu', days: expect.arrayContaining([]) as unknown[] }, { region: 'us' }],
    missing: [],
  });
  expect((JSON.parse(out) as { items: { days: unknown[] }[] }).items[0]!.days).toHaveLength(90);
  const table = (await ctl('drift', 'trend', '--region', 'eu')).out;
  expect(table.trimEnd().split('\n')).toHaveLength(2 + 14);
  expect(Math.max(...table.split('\n').map((l) => l.length))).toBeLessThanOrEqual(80);
  for (const days of ['0', '367', 'x']) expect(await ctl('drift', 'trend', '--days', days)).toMatchObject({ exit: 2 });
  expect((await ctl('drift', 'report', '-o', 'csv', '--days', '3')).exit).toBe(0);
});

test('where not all are shown, the worst are: an old critical one is not left out for newer mild ones', async () => {
  const critical = add({ severity: 'critical', path: 'old' });
  for (let i = 0; i < 5; i++) add({ severity: 'info', path: `new${i}` });
  const shown = JSON.parse((await ctl('drift', 'ls', '--limit', '2', '--region', 'eu', '-o', 'json')).out) as { items: { id: string }[] };
  expect(shown.items).toHaveLength(2);
  expect(shown.items[0]!.id).toBe(critical);
});

test('what is in quarantine says so, in every form', async () => {
  add({ quarantinedAt: '2026-01-02T03:04:05.000Z', severity: 'critical' });
  for (const form of ['table', 'wide']) expect((await ctl('drift', 'ls', '-o', form)).out).toContain('quarantined');
  expect((await ctl('drift', 'report')).out).toContain('1 quarantined');
});

test('that nothing was found says nothing of what was not looked at', async () => {
  const ran = await ctl('drift', 'run');
  expect(ran.err).toContain('nothing differs of what was looked at; 1 look was left out');
  expect((await ctl('drift', 'report')).out).toContain('not looked at then: spec of stamp/eu-2');
});
