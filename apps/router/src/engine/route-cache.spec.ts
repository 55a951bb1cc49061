import fc from 'fast-check';
import type { StampRoute } from '@lapidary/contracts/directory';
import { Directory } from '../directory/directory.js';
import { DirectoryTable } from '../directory/directory-table.js';
import { stampEntry, tenantEntry } from '../directory/packed/table-model.fixture.js';
import { decide, type ForwardDecision } from '../pipeline/decide.js';
import type { VersionedDirectory } from '../pipeline/locate.js';
import { hostHash } from './host-table.js';
import type { UpstreamLane } from './upstream-lane.js';
import { goBy, RouteCache, textOf, type Route } from './route-cache.js';
import { routeText } from './request-text.js';

const by = { baseDomain: 'lapidary.localhost', place: { region: 'us', jurisdiction: 'us', strictRedirects: {} } };
const hostOf = (tenant: string): string => `${tenant}.${by.baseDomain}`;

const askOf = (cache: RouteCache, host: string): ReturnType<RouteCache['route']> => {
  const hash = hostHash(Buffer.from(host), 0, host.length);
  const asked = { method: 'GET', host, hostHash: hash, isHost: (known: string) => known === host, target: '/' };
  return cache.route({ ...asked, mayBeOwnPath: false, tenantHeaders: [], isRuled: false, token: undefined });
};

/** A directory with two stamps that changes, and the routes that are kept of it. */
class World {
  readonly directory = new Directory({ nowMs: () => 0 });
  private readonly cache: RouteCache;
  private cursor = 0;

  constructor() {
    this.begin();
    this.cache = new RouteCache({ ...by, directory: this.directory }, { lane: () => ({}) as UpstreamLane });
  }

  /** Another table, with nothing in it but the stamps. */
  begin(): void {
    this.directory.swap(new DirectoryTable('g'), 'live', 0);
    this.stamp('eu-1', 'http://127.0.0.1:1');
    this.stamp('eu-2', 'http://127.0.0.1:2');
  }

  stamp(name: string, door: string): void {
    this.directory.apply(stampEntry(name, (this.cursor += 1), [door]));
  }

  tenant(name: string, over: Parameters<typeof tenantEntry>[2] & { frozen?: boolean; status?: 'placed' | 'suspended' } = {}): void {
    this.directory.apply(tenantEntry(name, (this.cursor += 1), over));
  }

  ask(host: string): ReturnType<RouteCache['route']> {
    return askOf(this.cache, host);
  }

  route(tenant: string): Route {
    const route = this.ask(hostOf(tenant));
    if (!('decision' in route)) throw new Error(`refused: ${route.reason}`);
    return route;
  }

  /** What it would be, with nothing kept. */
  anew(host: string): ReturnType<typeof decide> {
    return decide({ address: { host, tenantHeaders: [], path: '/' }, problem: null, method: 'GET', ...by, directory: this.directory });
  }
}

const saysOf = ({ tenant, stamp, epoch, path, prefix, routes }: ForwardDecision) => {
  return { tenant, stamp, epoch, path, prefix, tenantRoute: routes.tenant, stampRoute: routes.stamp };
};

describe('the routes that are kept', () => {
  it('stay the same objects while epochs move on, and say the new epoch (I4)', () => {
    const world = new World();
    const tenants = Array.from({ length: 400 }, (_, i) => `t${i}`);
    for (const tenant of tenants) world.tenant(tenant);
    const routes = tenants.map((tenant) => world.route(tenant));
    const decisions = routes.map(({ decision }) => decision);
    for (const epoch of [2, 3, 2 ** 33]) {
      for (const tenant of tenants) world.tenant(tenant, { epoch });
      tenants.forEach((tenant, i) => {
        const route = world.route(tenant);
        if (route !== routes[i] || route.decision !== decisions[i]) throw new Error(`${tenant} was made anew`);
        if (route.decision.epoch !== epoch || route.decision.routes.tenant.epoch !== epoch) throw new Error(`${tenant} says another epoch`);
        if (textOf(route) !== routeText(route.decision, hostOf(tenant))) throw new Error(`${tenant} is told ${textOf(route)}`);
        if (!textOf(route).includes(`: ${epoch}\r\n`)) throw new Error(`${tenant} is told ${textOf(route)}`);
      });
    }
  });

  it('stay the same objects while others of their place change, also those that have hosts of their own', () => {
    const world = new World();
    world.tenant('acme');
    const route = world.route('acme');
    for (let i = 0; i < 2_000; i += 1) world.tenant(`t${i % 1_000}`, { epoch: i, hosts: [] });
    expect(world.route('acme')).toBe(route);
    world.tenant('shop', { hosts: ['shop.example'] });
    const decidedAnew = world.route('acme');
    for (let epoch = 2; epoch < 10; epoch += 1) world.tenant('shop', { epoch, hosts: ['shop.example'] });
    expect(world.route('acme')).toBe(decidedAnew);
  });

  it('are left alone while somebody goes by them', () => {
    const world = new World();
    world.tenant('acme');
    const held = goBy(null, world.route('acme'));
    const text = textOf(held);
    world.tenant('acme', { epoch: 2 });
    const next = world.route('acme');
    expect([held.decision.epoch, held.decision.routes.tenant.epoch, textOf(held)]).toEqual([1, 1, text]);
    expect([next.decision.epoch, next === held]).toEqual([2, false]);
    // Nobody goes by either any more.
    expect(goBy(held, null)).toBeNull();
    world.tenant('acme', { epoch: 3 });
    expect(world.route('acme')).toBe(next);
    expect(next.decision.epoch).toBe(3);
  });

  it('are decided anew where a host comes back to a tenant whose entry says the same hosts as before, and where a residency ends', () => {
    const world = new World();
    world.tenant('a', { hosts: ['x.example'] });
    world.tenant('b', { hosts: ['x.example'] });
    const ofHost = (): unknown => (world.ask('x.example') as Route).decision.tenant;
    expect(ofHost()).toBe('b');
    world.tenant('a', { hosts: ['x.example'] });
    expect(ofHost()).toBe('a');
    world.tenant('c', { strictIn: ['us'] });
    expect(world.route('c').decision.routes.tenant.strictIn).toEqual(['us']);
    world.tenant('c', { strictIn: ['eu'] });
    expect(world.ask(hostOf('c'))).toMatchObject({ code: 'outside_jurisdiction' });
  });

  it('are never of the stamp of before with the epoch of now, where another thread writes an entry between two looks at it', () => {
    const entries = [1, 2].map((n) => ({ ...tenantEntry('acme', n, { epoch: n, stamp: `eu-${n}` }).body }));
    const doors = stampEntry('eu-1', 1).body as StampRoute;
    // The entry that each look finds; what counts the change comes behind it.
    for (const looks of [
      [0, 0, 1],
      [0, 1, 1],
      [1, 1, 1],
    ]) {
      // oxfmt-ignore
      let looked = 0;
      let version = 1;
      const next = () => entries[looks[Math.min(looked++, looks.length - 1)]!]!;
      const directory: VersionedDirectory = {
        isLoaded: true,
        mayLack: false,
        wideVersion: 0,
        get version() {
          return version;
        },
        placeOf: () => 0,
        versionAt: () => version,
        glance: (_, into) => {
          const { epoch } = next();
          into.epoch = epoch;
          into.head = epoch;
          return true;
        },
        tenant: () => ({ ...next() }),
        stamp: (stamp) => ({ ...doors, stamp }),
        tenantOfHost: () => undefined,
      };
      const cache = new RouteCache({ ...by, directory }, { lane: () => ({}) as UpstreamLane });
      for (let i = 0; i < 3; i += 1) {
        const route = askOf(cache, hostOf('acme'));
        expect(route).toMatchObject({ decision: { stamp: `eu-${'decision' in route ? route.decision.epoch : ''}` } });
        version = 2;
      }
    }
  });

  it('say what would be decided anew, whatever changes', () => {
    const tenant = fc.constantFrom('a', 'b', 'c');
    const entry = fc.record({
      epoch: fc.nat(3),
      stamp: fc.constantFrom<string | null>('eu-1', 'eu-2', 'eu-9', null),
      hosts: fc.constantFrom<string[]>([], [], ['x.example'], ['x.example', 'y.example'], ['y.example']),
      frozen: fc.constantFrom(false, false, false, true),
      status: fc.constantFrom('placed' as const, 'placed' as const, 'suspended' as const),
      strictIn: fc.constantFrom<string[] | undefined>(undefined, undefined, ['us'], ['eu']),
    });
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ what: fc.constant('tenant' as const), tenant, entry }) },
      { weight: 1, arbitrary: fc.record({ what: fc.constant('stamp' as const), port: fc.integer({ min: 1, max: 4 }) }) },
      { weight: 1, arbitrary: fc.record({ what: fc.constant('table' as const) }) },
      { weight: 3, arbitrary: fc.record({ what: fc.constant('hold' as const), tenant }) },
    );
    const hosts = [...['a', 'b', 'c'].map(hostOf), 'x.example', 'y.example'];
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        const world = new World();
        let held: Route | null = null;
        let said = '';
        for (const next of steps) {
          if (next.what === 'stamp') world.stamp('eu-1', `http://127.0.0.1:${next.port}`);
          else if (next.what === 'table') world.begin();
          else if (next.what === 'hold') {
            const found = world.ask(hostOf(next.tenant));
            held = goBy(held, 'decision' in found ? found : null);
            said = held === null ? '' : JSON.stringify([saysOf(held.decision), textOf(held)]);
          } else {
            const { strictIn, ...over } = next.entry;
            world.tenant(next.tenant, { ...over, ...(strictIn ? { strictIn } : {}) });
          }
          for (const host of hosts) {
            const [kept, anew] = [world.ask(host), world.anew(host)];
            const keptSays = 'decision' in kept ? [saysOf(kept.decision), textOf(kept)] : kept.code;
            const anewSays = anew.action === 'forward' ? [saysOf(anew), routeText(anew, host)] : anew.code;
            // An expect for each would take most of the time.
            if (JSON.stringify(keptSays) !== JSON.stringify(anewSays)) expect(keptSays).toEqual(anewSays);
          }
          if (held !== null) expect(JSON.stringify([saysOf(held.decision), textOf(held)])).toBe(said);
        }
      }),
      { numRuns: 60 },
    );
  });
});
