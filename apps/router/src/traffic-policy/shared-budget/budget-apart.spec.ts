import fc from 'fast-check';
import { BudgetReportSchema, type BudgetReport } from '@lapidary/contracts/router-protocol';
import { Budget, budgetTickMs, leaseMs, type BudgetParts } from './budget.js';

const parts = (): BudgetParts => ({ onGrown: () => undefined, isSibling: () => false, onCompany: () => undefined });
const key = 'acme';

interface Post {
  readonly atMs: number;
  readonly to: number;
  readonly report: BudgetReport;
}

/** Routers beside each other, and what is under way between them. Each hears itself, as over NATS. */
class Routers {
  nowMs = 0;
  readonly budgets: Budget[];
  /** Whom what it says reaches, itself among them; by default all. */
  reaches: (from: number, to: number) => boolean = () => true;
  /** When it comes to somebody, in milliseconds; several: it comes several times. */
  delaysMs: () => readonly number[] = () => [0];
  isConnected: (router: number) => boolean = () => true;
  private post: Post[] = [];
  private readonly last: (BudgetReport | undefined)[] = [];

  constructor(count: number) {
    this.budgets = Array.from({ length: count }, (_, i) => new Budget(`r${i}`, parts()));
  }

  get shares(): number[] {
    return this.budgets.map((budget) => budget.scopes.tenant.shareOf(key));
  }

  get sum(): number {
    return this.shares.reduce((total, share) => total + share, 0);
  }

  /** One tick of each, one after the other. `wanted`: by router, since its last one. */
  round(wanted: readonly number[]): void {
    wanted.forEach((count, i) => {
      for (let n = 0; n < count; n += 1) this.budgets[i]!.scopes.tenant.wanted(key);
    });
    this.budgets.forEach((budget, from) => {
      this.nowMs += budgetTickMs / this.budgets.length;
      this.deliver();
      this.last[from] = budget.tick(this.isConnected(from), this.nowMs) ?? this.last[from];
      const report = this.last[from];
      if (report === undefined || !this.isConnected(from)) return;
      this.budgets.forEach((_, to) => {
        if (this.reaches(from, to)) for (const delayMs of this.delaysMs()) this.post.push({ atMs: this.nowMs + delayMs, to, report });
      });
      this.deliver();
    });
  }

  private deliver(): void {
    const due = this.post.filter(({ atMs }) => atMs <= this.nowMs).sort((a, b) => a.atMs - b.atMs);
    this.post = this.post.filter(({ atMs }) => atMs > this.nowMs);
    for (const { atMs, to, report } of due) this.budgets[to]!.hear(BudgetReportSchema.parse(JSON.parse(JSON.stringify(report))), atMs);
  }
}

/** What each may have beyond its part: the smallest share. */
const slack = (routers: number): number => routers * 0.01 + 1e-9;

describe('one budget whose reports go astray (P-TH3, ADR 30)', () => {
  it('is not exceeded where they come twice, late and in another order behind one that came in time', () => {
    const wanted = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 })), { minLength: 3, maxLength: 3 });
    const late = fc.array(fc.constantFrom(0, 100, budgetTickMs, 2 * budgetTickMs, 5 * budgetTickMs), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(fc.array(wanted, { minLength: 1, maxLength: 30 }), late, (steps, delays) => {
        const routers = new Routers(3);
        for (let i = 0; i < 4; i += 1) routers.round([0, 0, 0]);
        let next = 0;
        routers.delaysMs = () => [0, delays[(next += 1) % delays.length]!];
        for (const step of steps) {
          routers.round(step);
          expect(routers.sum).toBeLessThanOrEqual(1 + slack(3));
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['whose connection ends', 0],
    ['into which all falls, and nobody says so for six seconds', 6_000],
    ['into which all falls, and nobody ever says so', Infinity],
  ])('by a line %s: one that is cut off holds its part for the lease, and then no more than an even one', (_, silentMs) => {
    const routers = new Routers(3);
    for (let i = 0; i < 4; i += 1) routers.round([0, 0, 0]);
    for (let i = 0; i < 12; i += 1) routers.round([300, 10, 10]);
    const [before = 0] = routers.shares;
    expect(before).toBeGreaterThan(0.8);
    const cutMs = routers.nowMs;
    routers.reaches = (from, to) => from !== 0 && to !== 0;
    routers.isConnected = (router) => router !== 0 || routers.nowMs - cutMs < silentMs;
    while (routers.nowMs - cutMs < 3 * leaseMs) {
      routers.round([300, 300, 300]);
      const [own = 0, ...others] = routers.shares;
      expect(own).toBeLessThanOrEqual(before + 1e-9);
      // One round for the ticks of the one and of the others to come about.
      if (routers.nowMs - cutMs > leaseMs + budgetTickMs) expect(own).toBeLessThanOrEqual(1 / 3 + 1e-9);
      expect(others.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1 + slack(2));
      if (routers.nowMs - cutMs < leaseMs - budgetTickMs) expect(routers.sum).toBeLessThanOrEqual(1 + slack(3));
    }
    routers.reaches = () => true;
    routers.isConnected = () => true;
    for (let i = 0; i < 20; i += 1) routers.round([300, 300, 300]);
    expect(routers.sum).toBeLessThanOrEqual(1 + slack(3));
    expect(routers.sum).toBeGreaterThan(0.9);
  });

  it('beside a router of before, which numbers nothing, and one of later, which says more, is kept as among its own', () => {
    const routers = new Routers(3);
    const hear = (of: Budget, report: object): void => of.hear(BudgetReportSchema.parse(report), routers.nowMs);
    const rounds = (count: number, wanted: number): void => {
      for (let i = 0; i < count; i += 1) {
        routers.round([wanted, 0, 0]);
        const [one] = routers.budgets as [Budget];
        hear(one, { router: 'before', leaving: false, demand: { tenant: { [key]: 400 }, stamp: {}, global: {} } });
        hear(one, {
          router: 'later',
          leaving: false,
          tick: i,
          place: 'x',
          demand: { tenant: { [key]: 400 }, stamp: {}, global: {}, host: { a: 1 } },
        });
      }
    };
    rounds(12, 100);
    // A tenth evenly among five, nine tenths by demand: 400 of 1,200 (a hundred in a quarter of a second).
    expect(routers.shares[0]).toBeCloseTo(0.1 / 5 + 0.9 / 3, 2);
  });
});
