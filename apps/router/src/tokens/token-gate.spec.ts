import { setImmediate } from 'node:timers/promises';
import type { TokenFacts } from '../pipeline/identify.js';
import type { KeySet } from './key-set.js';
import { checksMax, TokenGate, type TokenOutcome } from './token-gate.js';
import type { Verdict } from './token-worker.js';

const bearer = (token: string): string[] => ['Authorization', `Bearer ${token}`];
const token = (i: number): string => `a.b.${i}`;
const good = (endsAtMs: number, tenant: unknown = 'acme'): Verdict => ({ kind: 'good', tenant, endsAtMs, kid: 'one' });

interface World {
  readonly gate: TokenGate;
  readonly outcomes: TokenOutcome[];
  checks: number;
  nowMs: number;
  keys: KeySet | null;
  keysAreCurrent: boolean;
  check: (token: string) => Promise<Verdict>;
  onRefresh: () => void | Promise<void>;
}

const keySet = (print: string | undefined = 'print'): KeySet => ({ keys: { keys: [] }, print: () => print });

const world = (check: World['check'] = () => Promise.resolve(good(1_000_000))): World => {
  const outcomes: TokenOutcome[] = [];
  const made: World = {
    outcomes,
    checks: 0,
    nowMs: 0,
    keys: keySet(),
    keysAreCurrent: true,
    check,
    onRefresh: () => undefined,
    gate: new TokenGate({
      check: (text) => ((made.checks += 1), made.check(text)),
      refreshKeys: async () => made.onRefresh(),
      keys: () => made.keys,
      keysAreCurrent: () => made.keysAreCurrent,
      cacheMs: 60_000,
      onOutcome: (outcome) => outcomes.push(outcome),
      nowMs: () => made.nowMs,
    }),
  };
  return made;
};
const verified: TokenFacts = { kind: 'verified', tenant: 'acme' };

describe('a token', () => {
  it('that was checked is known at once, but never beyond its own end, nor beyond what we believe for', async () => {
    const w = world(() => Promise.resolve(good(30_000)));
    expect(await w.gate.facts(bearer('a.b.c'))).toEqual(verified);
    w.nowMs = 29_999;
    expect(w.gate.facts(bearer('a.b.c'))).toEqual(verified);
    w.nowMs = 30_000;
    expect(w.gate.facts(bearer('a.b.c'))).toBeInstanceOf(Promise);
    w.check = () => Promise.resolve(good(10_000_000));
    await w.gate.facts(bearer('x.y.z'));
    w.nowMs += 60_000;
    expect(w.gate.facts(bearer('x.y.z'))).toBeInstanceOf(Promise);
  });

  it('that many send at once costs one check', async () => {
    const w = world();
    expect(await Promise.all(Array.from({ length: 100 }, async () => w.gate.facts(bearer('a.b.c'))))).toEqual(Array(100).fill(verified));
    expect(w.checks).toBe(1);
  });

  it('beyond those that may be checked at once waits for nothing; what was known is not concerned', async () => {
    const answers: (() => void)[] = [];
    const w = world();
    await w.gate.facts(bearer('a.b.known'));
    w.check = () => new Promise((resolve) => answers.push(() => resolve(good(1_000_000))));
    const waiting = Array.from({ length: checksMax }, async (_, i) => w.gate.facts(bearer(token(i))));
    expect(w.gate.facts(bearer('one.too.many'))).toMatchObject({ kind: 'unchecked' });
    expect(w.gate.facts(bearer('a.b.known'))).toEqual(verified);
    for (const answer of answers) answer();
    await Promise.all(waiting);
    expect(w.outcomes.filter((outcome) => outcome === 'overloaded')).toHaveLength(1);
    expect(w.gate.facts(bearer('one.too.many'))).toBeInstanceOf(Promise);
  });

  it('of rubbish pushes no good one out, and costs one check in a while', async () => {
    const w = world();
    await w.gate.facts(bearer('good.to.keep'));
    w.check = () => Promise.resolve({ kind: 'bad', reason: 'rubbish' });
    for (let i = 0; i < 10_000; i += 1) await w.gate.facts(bearer(token(i)));
    expect(w.gate.facts(bearer('good.to.keep'))).toEqual(verified);
    const { checks } = w;
    expect(await w.gate.facts(bearer(token(9_999)))).toMatchObject({ kind: 'invalid' });
    expect(w.checks).toBe(checks);
    w.nowMs = 2_000;
    await w.gate.facts(bearer(token(9_999)));
    expect(w.checks).toBe(checks + 1);
  });

  it('whose check fails is not known to be good or bad, and is tried again', async () => {
    const w = world(() => Promise.reject(new Error('the thread has ended')));
    expect(await w.gate.facts(bearer('a.b.c'))).toMatchObject({ kind: 'unchecked' });
    w.check = () => Promise.resolve(good(1_000_000));
    expect(await w.gate.facts(bearer('a.b.c'))).toEqual(verified);
  });

  it('by a key that is not known makes us look once, and is checked again only by other keys', async () => {
    const w = world(() => Promise.resolve({ kind: 'unknown_key' }));
    expect(await w.gate.facts(bearer('a.b.c'))).toMatchObject({ kind: 'invalid' });
    expect(w.checks).toBe(1);
    w.onRefresh = () => {
      w.keys = keySet();
      w.check = () => Promise.resolve(good(1_000_000));
    };
    expect(await w.gate.facts(bearer('d.e.f'))).toEqual(verified);
    expect(w.checks).toBe(3);
  });

  it('by a key that is not known, while the source of keys says nothing, is not known to be good or bad', async () => {
    const w = world(() => Promise.resolve({ kind: 'unknown_key' }));
    w.keysAreCurrent = false;
    expect(await w.gate.facts(bearer('a.b.c'))).toMatchObject({ kind: 'unchecked' });
    expect(w.outcomes).toEqual(['stale_keys']);
    // Rubbish by such keys costs one check in a while, too.
    expect(w.gate.facts(bearer('a.b.c'))).toMatchObject({ kind: 'unchecked' });
    expect(w.checks).toBe(1);
    w.keysAreCurrent = true;
    expect(await w.gate.facts(bearer('d.e.f'))).toMatchObject({ kind: 'invalid' });
  });

  it('by a key that is not known waits for its source without holding up those by known ones, however many there are', async () => {
    const w = world((text) => Promise.resolve(text.startsWith('known') ? good(1_000_000) : { kind: 'unknown_key' }));
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    w.onRefresh = () => answered;
    const waiting = Array.from({ length: checksMax }, async (_, i) => w.gate.facts(bearer(token(i))));
    await setImmediate();
    expect(await w.gate.facts(bearer('known.to.us'))).toEqual(verified);
    // Those that wait are bounded, too.
    expect(await w.gate.facts(bearer('one.too.many'))).toMatchObject({ kind: 'unchecked' });
    expect(w.outcomes).toEqual(['good', 'overloaded']);
    answer();
    expect(new Set((await Promise.all(waiting)).map(({ kind }) => kind))).toEqual(new Set(['invalid']));
    expect(await w.gate.facts(bearer('one.too.many'))).toMatchObject({ kind: 'invalid' });
  });

  it('by a key that was taken away is not believed from memory', async () => {
    const w = world();
    await w.gate.facts(bearer('a.b.c'));
    for (const print of ['another key of that name', undefined]) {
      w.keys = { keys: { keys: [] }, print: () => print };
      expect(w.gate.facts(bearer('a.b.c'))).toBeInstanceOf(Promise);
      await w.gate.facts(bearer('a.b.c'));
    }
    w.keys = null;
    expect(w.gate.facts(bearer('a.b.c'))).toBeInstanceOf(Promise);
  });

  it.each(['', 'Basic YTpi', 'Bearer opaque', 'Bearer a.b.c.d.e', 'Bearer v4.public.x.y', 'Token a.b.c'])(
    'is none in "%s": that is the workload’s business',
    (value) => expect(world().gate.facts(['authorization', value])).toEqual({ kind: 'none' }),
  );

  it.each([
    'Bearer a.b.c, Bearer d.e.f',
    'Bearer\ta.b.c',
    'bearer \t a.b.c',
    'Bearer a.b.c=',
    'Bearer "a.b.c"',
    'Bearer x, a.b.c',
    'Bearer a.b.c x',
    'Bearer,a.b.c',
  ])('is invalid in "%s": a workload could find it where the router doesn’t look', (value) =>
    expect(world().gate.facts(['authorization', value])).toMatchObject({ kind: 'invalid' }),
  );

  it('is not looked for for longer than its field is long', () => {
    const { gate } = world();
    // The quickest of some: a busy machine is late once, what looks too long each time.
    const tookMs = Array.from({ length: 3 }, () => {
      const beganMs = performance.now();
      expect(gate.facts(['authorization', `Bearer ${' a.b'.repeat(4_000)}`])).toEqual({ kind: 'none' });
      return performance.now() - beganMs;
    });
    expect(Math.min(...tookMs)).toBeLessThan(500);
  });
});
