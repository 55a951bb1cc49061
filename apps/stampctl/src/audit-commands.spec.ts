import type { ServerResponse } from 'node:http';
import { AuditPageSchema, ChainReportSchema, type AuditEntry, type ChainReport } from '@lapidary/contracts/api/system';
import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import type { SeenRequest } from '@lapidary/testing/fake-fleet';
import { formats } from './output/output.js';
import { expectForm } from './test/expect-form.js';
import { run, type Ran } from './test/run-stampctl.js';

const entry: AuditEntry = {
  ...{ id: '01K00000000000000000000001', sequence: 1, at: '2026-11-01T10:00:00.000Z', actor: 'token:admin', action: 'tenant.created' },
  ...{ subject: 'tenant/acme', reason: 'asked by sales', requestId: 'req-7', change: { weight: 1 }, hash: 'ab'.repeat(32) },
};
let plane: FakeControlPlane;
let report: ChainReport;
const answer = ({ path, query }: SeenRequest, response: ServerResponse): boolean => {
  if (!path.startsWith('/v1/audit')) return false;
  const subject = query.get('subject') ?? entry.subject;
  const items = subject === entry.subject ? [entry] : [];
  const body = path.endsWith('/verify') ? ChainReportSchema.parse(report) : AuditPageSchema.parse({ items, next: null });
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  return true;
};
beforeEach(async () => {
  report = { ok: true, checked: 1_234, broken: null };
  plane = await new FakeControlPlane().up();
  plane.intercept = answer;
});
afterEach(async () => plane.down());
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });

describe.each([
  ['audit ls', ['audit', 'ls']],
  ['audit verify', ['audit', 'verify']],
])('%s', (_, argv) => {
  test.each(formats)('-o %s', async (form) => expectForm(await ctl(...argv, '-o', form), form));
});

test('who changed a subject, when to the second and why', async () => {
  const { out } = await ctl('audit', 'ls', '--subject', 'tenant/acme', '-o', 'wide');
  for (const text of ['2026-11-01 10:00:00Z', 'token:admin', 'tenant.created', 'asked by sales', 'req-7']) expect(out).toContain(text);
  expect((await ctl('audit', 'ls', '--subject', 'tenant/bolt')).err).toContain('Nobody changed tenant/bolt');
});

test('by who, what and when: asked of the region, page by page', async () => {
  const argv = ['--actor', 'token:deploys', '--action', 'tenant.created', '--since', '2026-11-01T00:00:00Z', '--until', '10m'];
  expect((await ctl('audit', 'ls', ...argv)).exit).toBe(0);
  const { query } = plane.seen.at(-1)!;
  expect([query.get('actor'), query.get('action'), query.get('since')]).toEqual([
    'token:deploys',
    'tenant.created',
    '2026-11-01T00:00:00.000Z',
  ]);
  expect(Math.abs(Date.parse(query.get('until')!) - (Date.now() - 600_000))).toBeLessThan(30_000);
  plane.intercept = ({ path }, response) =>
    path === '/v1/audit' && Boolean(response.writeHead(200).end(JSON.stringify({ items: [], next: null })));
  expect((await ctl('audit', 'ls', '--actor', 'token:nobody')).err).toContain('Nothing like that');
  expect((await ctl('audit', 'ls', '--since', 'yesterday')).exit).toBe(2);
});

test('a broken chain is told with its place, and by the exit code', async () => {
  const whole = await ctl('audit', 'verify');
  expect([whole.exit, whole.out]).toEqual([0, expect.stringContaining('unbroken: 1,234 rows')]);
  report = { ok: false, checked: 16, broken: { sequence: 17, why: 'the row is missing' } };
  const { exit, out } = await ctl('audit', 'verify');
  expect([exit, out]).toEqual([7, expect.stringContaining('broken at 17: the row is missing; 16 rows before it are good')]);
});
