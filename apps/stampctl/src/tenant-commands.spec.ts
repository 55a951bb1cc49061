import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { aDecision, anExplanation, aTenant } from '@lapidary/testing/fleet-fixtures';
import { run, type Ran } from './test/run-stampctl.js';

let plane: FakeControlPlane;
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });

beforeEach(async () => {
  plane = await new FakeControlPlane().up();
});
afterEach(async () => plane.down());

describe('tenants', () => {
  test('one without room is created, and told why it waits and what would help', async () => {
    const ran = await ctl('tenants', 'create', 'big', '--region', 'eu', '--weight', '90');
    expect(ran.exit).toBe(0);
    expect(ran.err).toContain('no stamp in eu has 90 units free');
    expect(ran.err).toContain('stampctl provision eu-2');
  });

  test('one for which only unwell stamps have room is told so, and not to add another', async () => {
    const health = { rule: 'health', pass: false, reason: 'health is suspected' };
    const now = aDecision({
      chosen: null,
      candidates: [{ stamp: 'eu-1', region: 'eu', eligible: false, rules: [health], scores: [], total: null }],
    });
    plane.intercept = ({ path }, response) =>
      path.endsWith('/explain') && Boolean(response.writeHead(200).end(JSON.stringify(anExplanation({ decision: now, now }))));
    const ran = await ctl('tenants', 'create', 'big', '--region', 'eu', '--weight', '90');
    expect(ran.err).toContain('eu-1: health is suspected');
    expect(ran.err).toContain('stampctl doctor');
    expect(ran.err).not.toContain('stampctl provision');
  });

  test('create waits until the stamp has confirmed it', async () => {
    const tenant = aTenant({ id: 'slow' });
    const unconfirmed = { ...tenant, placement: { ...tenant.placement!, servingAt: null } };
    plane.intercept = (request, response) => {
      if (request.method !== 'POST' || request.path !== '/v1/tenants') return false;
      plane.tenants.set('slow', unconfirmed);
      setTimeout(() => plane.tenants.set('slow', tenant), 250);
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(unconfirmed));
      return true;
    };
    const ran = await ctl('tenants', 'create', 'slow', '--region', 'eu', '-o', 'json');
    expect(ran.exit).toBe(0);
    expect(JSON.parse(ran.out)).toMatchObject({ placement: { servingAt: expect.any(String) as string } });
  });

  test('host names come and go beside those it has, as they stand in DNS', async () => {
    plane.tenants.set('acme', aTenant({ hosts: ['acme.localhost', 'old.example.com'], lostHosts: ['kept.example.com'] }));
    const added = await ctl('tenants', 'hosts', 'add', 'acme', 'Shop.Example.com., bücher.example');
    expect(added.exit).toBe(0);
    expect(added.err).toContain('In DNS the names must lead to them');
    const sent = plane.seen.find((request) => request.method === 'PATCH')!;
    expect(sent.body).toEqual({ hosts: ['old.example.com', 'kept.example.com', 'shop.example.com', 'xn--bcher-kva.example'] });
    expect(sent.headers['if-match']).toBe('"1"');
    await ctl('tenants', 'hosts', 'rm', 'acme', 'old.example.com,kept.example.com');
    expect(plane.tenants.get('acme')!.hosts.slice(1)).toEqual(['shop.example.com', 'xn--bcher-kva.example']);
  });

  test('a host name that it has, or has not, is left as it is; rubbish is refused before anything is sent', async () => {
    plane.tenants.set('acme', aTenant({ hosts: ['acme.localhost', 'shop.example.com'] }));
    const again = await ctl('tenants', 'hosts', 'add', 'acme', 'shop.example.com');
    expect([again.exit, again.err]).toEqual([0, expect.stringContaining('has that name already')]);
    const gone = await ctl('tenants', 'hosts', 'rm', 'acme', 'other.example.com');
    expect([gone.exit, gone.err]).toEqual([0, expect.stringContaining('does not have other.example.com')]);
    for (const rubbish of ['localhost', '*.example.com', '10.0.0.1', 'example.com:8080', 'https://example.com', 'a..example.com'])
      expect((await ctl('tenants', 'hosts', 'add', 'acme', rubbish)).exit).toBe(2);
    expect(plane.seen.filter((request) => request.method === 'PATCH')).toEqual([]);
  });

  test('one is suspended with a reason and resumed, and told how; without a reason nothing is sent', async () => {
    plane.tenants.set('acme', aTenant());
    const suspended = await ctl('tenants', 'suspend', 'acme', '--reason', 'unpaid since May');
    expect([suspended.exit, suspended.out]).toEqual([0, expect.stringMatching(/status: +suspended[^]*reason: +unpaid since May/)]);
    expect(suspended.err).toContain('stampctl tenants resume acme');
    expect((await ctl('tenants', 'resume', 'acme')).out).toMatch(/status: +placed/);
    expect((await ctl('tenants', 'suspend', 'acme')).exit).toBe(2);
    expect(plane.seen.filter((request) => request.path.endsWith('/suspend')).map(({ body }) => body)).toEqual([
      { reason: 'unpaid since May' },
    ]);
  });

  test('a name that it lost to another region’s tenant is shown', async () => {
    plane.tenants.set('acme', aTenant({ lostHosts: ['shop.example.com'] }));
    expect((await ctl('tenants', 'show', 'acme')).out).toMatch(/lost hosts: +shop\.example\.com: another region’s tenant/);
  });

  test('a deletion is not done without a confirmation, and nobody is asked without a terminal', async () => {
    const ran = await ctl('tenants', 'delete', 'acme');
    expect(ran.exit).toBe(2);
    expect(ran.err).toContain('--yes');
    expect(plane.tenants.get('acme')?.status).toBe('placed');
  });

  test('somebody else’s change in between ends with 5 and changes nothing', async () => {
    plane.intercept = (request) => {
      if (request.method === 'DELETE') plane.tenants.set('acme', aTenant({ version: 7 }));
      return false;
    };
    const ran = await ctl('tenants', 'delete', 'acme', '--yes');
    expect(ran.exit).toBe(5);
    expect(ran.err).toContain('version_conflict');
  });

  test('a frozen tenant keeps its labels, is held in every export, and is let go by thaw', async () => {
    plane.tenants.set('acme', aTenant({ labels: { plan: 'gold' } }));
    plane.tenants.set('waits', aTenant({ id: 'waits', hosts: ['waits.lapidary.localhost'], status: 'pending', placement: null }));
    const exported = async (format: string): Promise<string> => (await ctl('directory', 'export', '--format', format)).out;
    const [acme, waits] = ['acme.lapidary.localhost', 'waits.lapidary.localhost'];
    expect(await exported('haproxy')).toContain(`${acme} acme@eu-1@1\n${waits} @held@10`);
    const labels = (): unknown => plane.tenants.get('acme')?.labels;
    const before = Date.now();
    const ran = await ctl('tenants', 'freeze', 'acme', '--reason', 'moved by hand');
    expect([ran.exit, ran.out]).toEqual([0, expect.stringMatching(/traffic: +frozen until 20/)]);
    expect(labels()).toEqual({ plan: 'gold', traffic: 'frozen', 'traffic-until': expect.any(String) });
    // A quarter of an hour where nobody says.
    const { 'traffic-until': until } = labels() as Record<string, string>;
    expect(Math.round((Date.parse(until!) - before) / 60_000)).toBe(15);
    expect((await ctl('tenants', 'freeze', 'acme', '--for', 'ever')).out).toContain('with no end');
    expect(labels()).toEqual({ plan: 'gold', traffic: 'frozen' });
    expect((await ctl('tenants', 'freeze', 'acme', '--for', 'a while')).exit).not.toBe(0);
    plane.tenants.set('acme', aTenant({ labels: { plan: 'gold', traffic: 'frozen', 'traffic-until': '2020-01-01T00:00:00Z' } }));
    expect((await ctl('tenants', 'show', 'acme')).out).toMatch(/frozen, overdue: it was to end at 2020-01-01/);
    expect(await exported('haproxy')).toContain(`${acme} @held@2\n`);
    expect(await exported('nginx')).toContain(`${acme} "@held@2";`);
    const envoy = JSON.parse(await exported('envoy')) as { virtual_hosts: { name: string }[] };
    expect(envoy.virtual_hosts.find(({ name }) => name === 'acme')).toMatchObject({
      routes: [{ direct_response: { status: 503 } }],
      response_headers_to_add: [{ header: { key: 'retry-after', value: '2' } }],
    });
    expect((await ctl('tenants', 'thaw', 'acme')).exit).toBe(0);
    expect(plane.tenants.get('acme')?.labels).toEqual({ plan: 'gold' });
    expect(await exported('haproxy')).toContain(`${acme} acme@eu-1@1\n`);
  });

  test('explain marks the chosen stamp and gives every rule and score, within 80 columns', async () => {
    const { out } = await ctl('tenants', 'explain', 'acme');
    expect(out).toMatch(/eu-1 in eu {2}total 73\.33 {2}◀ chosen/);
    expect(out).toMatch(/us-1 in us {2}refused/);
    expect(out).toMatch(/✓ +residency +eu is within/);
    expect(out).toMatch(/✗ +residency +us lies in/);
    expect(out).toMatch(/headroom +60 × 0\.5 +60 % of the units/);
    expect(out.replace(/\s+/g, ' ')).toContain('which a placement never overrides (I3)');
  });
});
