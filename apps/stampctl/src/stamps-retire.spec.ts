import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { run, type Ran } from './test/run-stampctl.js';

let plane: FakeControlPlane;
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });
const asked = () => plane.seen.filter((r) => r.method === 'POST').map((r) => [r.path, r.body]);

beforeEach(async () => {
  plane = await new FakeControlPlane().up();
});
afterEach(async () => plane.down());

describe('stamps retire', () => {
  test('I9: refuses with 5 and the list of what remains, before anybody is asked to confirm', async () => {
    const { exit, err } = await ctl('stamps', 'retire', 'eu-1');
    expect(exit).toBe(5);
    expect(err).toContain('stamp_not_empty');
    expect(err).toContain('1 tenant: acme');
    expect(asked()).toEqual([]);
    const json = await ctl('stamps', 'retire', 'eu-1', '--yes', '-o', 'json');
    expect(JSON.parse(json.err)).toMatchObject({
      code: 'stamp_not_empty',
      details: { remains: [{ kind: 'tenants', examples: ['acme'] }] },
    });
  });

  test('--dry-run says what would be done and what is in the way, and changes nothing', async () => {
    const blocked = await ctl('stamps', 'retire', 'eu-1', '--dry-run');
    expect([blocked.exit, blocked.out.includes('1 tenant: acme')]).toEqual([5, true]);
    const free = await ctl('stamps', 'retire', 'us-1', '--dry-run');
    expect(free.exit).toBe(0);
    expect(free.out).toContain('Nothing stands in the way.');
    expect(free.out).toContain('Take its resources away (no way back from here on)');
    expect(Math.max(...blocked.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(asked()).toEqual([]);
  });

  test('is not done without a confirmation where nobody can be asked', async () => {
    const { exit, err } = await ctl('stamps', 'retire', 'us-1');
    expect(exit).toBe(2);
    expect(err).toContain('--yes');
    expect(asked()).toEqual([]);
  });

  test('confirmed, it is followed to the tombstone; the name, the snapshot and the reason are told', async () => {
    const { exit, out } = await ctl('stamps', 'retire', 'us-1', '--yes', '--no-snapshot', '--reason', 'closed', '-o', 'json');
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      job: { kind: 'decommission', status: 'succeeded' },
      stamp: { name: 'us-1', status: 'retired' },
    });
    expect(asked()).toEqual([['/v1/stamps/us-1/retire', { confirm: 'us-1', snapshot: false, reason: 'closed' }]]);
  });

  test('--no-wait answers the job; what is not there ends with 4, rubbish with 2', async () => {
    expect((await ctl('stamps', 'retire', 'us-1', '--yes', '--no-wait', '-o', 'name')).out.trim()).toMatch(/^eu\./);
    expect((await ctl('stamps', 'retire', 'us-7', '--yes')).exit).toBe(4);
    expect((await ctl('stamps', 'retire', '../etc', '--yes')).exit).toBe(2);
  });
});
