import type { AttemptOutcome } from '../traffic-policy.js';
import { nothingTried, stampRoute } from '../../routes.fixture.js';
import { StampDoors } from './stamp-doors.js';

const inUseMax = 10;
const doorsOf = (frontDoors: string[], weights: Record<string, number> = {}) => {
  const stamp = stampRoute({ frontDoors });
  const doors = new StampDoors(() => 0);
  doors.keepTo(stamp, { doorInUseMax: inUseMax, weights });
  const choose = (nowMs: number, except = nothingTried): unknown => doors.choose(stamp, except, inUseMax, nowMs);
  const end = (door: string, outcome: AttemptOutcome, nowMs: number, tookMs = 10, tenant = 'acme'): void =>
    doors.attempted(door, outcome, tookMs, nowMs, tenant);
  return { stamp, doors, choose, end };
};

describe('the choice of a front door (P-LB6)', () => {
  it('takes turns where all are as busy, and the least busy where not', () => {
    const { choose, end } = doorsOf(['a', 'b']);
    expect([choose(0), choose(0), choose(0)]).toEqual(['a', 'b', 'a']);
    end('a', 'answered', 1);
    end('a', 'answered', 1);
    expect(choose(1)).toBe('a');
  });

  it('by weight: the one of weight 3 gets three of four', () => {
    const { choose } = doorsOf(['a', 'b'], { a: 3 });
    const chosen = Array.from({ length: 8 }, () => choose(0));
    expect(chosen.filter((door) => door === 'a')).toHaveLength(6);
  });

  it('a door that refused a connection is passed over for two seconds; with none left it is tried all the same', () => {
    const { choose, end } = doorsOf(['a', 'b']);
    choose(0);
    end('a', 'unreachable', 0);
    expect([choose(1), choose(1)]).toEqual(['b', 'b']);
    expect(choose(1, new Set(['b']))).toBe('a');
    expect(choose(1, new Set(['a', 'b']))).toMatchObject({
      code: 'stamp_unavailable',
      reason: expect.stringContaining('no other front door'),
    });
  });

  it('a door that hangs is passed over within milliseconds, before any request has timed out (P-LB5)', () => {
    const { choose, end } = doorsOf(['a', 'b']);
    for (let i = 0; i < 6; i += 1) choose(0);
    for (let i = 0; i < 3; i += 1) end('b', 'answered', 5, 5);
    // 251 ms later: three under way at a, none answered; b has answered all.
    const chosen = Array.from({ length: 4 }, () => choose(256));
    expect(chosen).toEqual(['b', 'b', 'b', 'b']);
    end('a', 'answered', 300, 300);
    expect(choose(300)).toBe('a');
  });

  it('never more connections in use than allowed, and overloaded beyond', () => {
    const { choose, end } = doorsOf(['a']);
    for (let i = 0; i < inUseMax; i += 1) expect(choose(0)).toBe('a');
    expect(choose(0)).toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 });
    end('a', 'answered', 1);
    expect(choose(1)).toBe('a');
  });

  it('all breakers open: refused at once, with the time of the next probe', () => {
    const { choose, end } = doorsOf(['a']);
    for (let i = 0; i < 5; i += 1) {
      choose(0);
      end('a', 'timeout', 0, 10, i % 2 === 0 ? 'acme' : 'beta');
    }
    expect(choose(1)).toMatchObject({ code: 'stamp_unavailable', retryAfterSeconds: 1 });
    expect(choose(1_000)).toBe('a');
  });

  it.each(['client_gone', 'stale_connection'] as const)('however many end by %s, the door is used', (outcome) => {
    const { choose, end } = doorsOf(['a']);
    for (let i = 0; i < 1_000; i += 1) {
      expect(choose(i)).toBe('a');
      end('a', outcome, i);
    }
  });

  it.each(['request_error', 'timeout', 'cut'] as const)(
    'however many of one tenant’s end by %s, the door is used by all; those of two open its breaker, and so do one’s where its health check fails',
    (outcome) => {
      const { choose, end, doors } = doorsOf(['a']);
      const fail = (tenant: string, nowMs: number): void => (expect(choose(nowMs)).toBe('a'), end('a', outcome, nowMs, 10, tenant));
      for (let i = 0; i < 1_000; i += 1) fail('acme', i);
      for (const tenant of ['beta', 'acme', 'beta']) fail(tenant, 1_000);
      expect(doors.door('a')!.breaker.state).toBe('closed');
      fail('acme', 1_000);
      expect(doors.door('a')!.breaker.state).toBe('open');

      const alone = doorsOf(['a']);
      alone.doors.door('a')!.checked(false);
      for (let i = 0; i < 5; i += 1) {
        alone.choose(0);
        alone.end('a', outcome, 0);
      }
      expect(alone.doors.door('a')!.breaker.state).toBe('open');
    },
  );

  it.each(['server_error', 'reset', 'unreachable'] as const)('five that end by %s open the breaker, whosever they are', (outcome) => {
    const { choose, end, doors } = doorsOf(['a']);
    for (let i = 0; i < 5; i += 1) {
      choose(0);
      end('a', outcome, 0);
    }
    expect(doors.door('a')!.breaker.state).toBe('open');
  });

  it('foresees what it then does, and changes nothing', () => {
    const { choose, doors, stamp } = doorsOf(['a', 'b', 'c']);
    for (let i = 0; i < 10; i += 1) expect(doors.foresee(stamp, inUseMax, i)).toBe(choose(i));
  });
});

describe('outliers', () => {
  const busy = (outcomes: Record<string, AttemptOutcome | number>) => {
    const world = doorsOf(Object.keys(outcomes));
    for (let i = 0; i < 400; i += 1) {
      const door = world.choose(i * 10) as string;
      const how = outcomes[door]!;
      // A door that fails does so in four of ten: below what trips its breaker.
      if (typeof how === 'number') world.end(door, 'answered', i * 10, how);
      else world.end(door, i % 10 < 4 ? how : 'answered', i * 10, 10);
    }
    return world;
  };

  it('a door that fails where the others don’t is ejected, though its breaker is closed', () => {
    const { doors } = busy({ a: 10, b: 10, c: 'reset' });
    expect(doors.door('c')).toMatchObject({ breaker: { state: 'closed' } });
    expect(doors.door('c')!.health.ejections).toBeGreaterThan(0);
    expect([doors.door('a')!.health.ejections, doors.door('b')!.health.ejections]).toEqual([0, 0]);
  });

  it('a door that is five times slower than the others is ejected', () => {
    expect(busy({ a: 20, b: 20, c: 200 }).doors.door('c')!.health.ejections).toBeGreaterThan(0);
  });

  it('where all fail alike none is ejected: it is the stamp, not a door', () => {
    const { doors } = busy({ a: 'reset', b: 'reset' });
    expect(doors.all.map(({ health }) => health.ejections)).toEqual([0, 0]);
  });

  it('at most half of the doors are out at a time', () => {
    const { doors } = busy({ a: 10, b: 'reset', c: 'reset' });
    expect(doors.all.filter(({ health }) => health.isEjected(4_000)).length).toBeLessThanOrEqual(1);
  });
});
