import type { StampRoute } from '@lapidary/contracts/directory';
import { ownState, type PolicyState } from './across-workers/policy-state.js';
import { Compartment } from './bulkhead/compartment.js';
import type { Random } from './doors/breaker.js';
import { StampDoors } from './doors/stamp-doors.js';
import type { LimitsBook, StampRule } from './limits-book.js';
import { RetryBudget } from './retry-budget.js';
import { SlowAnswers } from './slow-answers.js';

/** Second questions that may be saved up: where a stamp slows down as a whole, no more than these go out at once. */
const hedgesSavedMax = 10;

/** All that a router remembers of one stamp from one request to the next. */
export class StampState {
  readonly stamp: string;
  readonly doors: StampDoors;
  readonly compartment: Compartment;
  readonly retries = new RetryBudget();
  readonly hedges = new RetryBudget(hedgesSavedMax);
  readonly slowAnswers = new SlowAnswers();
  rule: StampRule;
  private route: StampRoute | null = null;
  private book: LimitsBook | null = null;

  constructor(route: StampRoute, book: LimitsBook, random?: Random, state: PolicyState = ownState()) {
    this.stamp = route.stamp;
    this.rule = book.stamp(route.stamp);
    this.doors = new StampDoors(random, state);
    this.compartment = new Compartment(route.stamp, this.rule, state);
    this.keepTo(route, book);
  }

  /** Asked several times for each request; the directory hands out the same route until it changes. */
  keepTo(route: StampRoute, book: LimitsBook): void {
    if (this.route === route && this.book === book) return;
    const rule = book.stamp(this.stamp);
    this.doors.keepTo(route, rule);
    if (this.rule !== rule) this.compartment.keepTo(rule);
    this.rule = rule;
    this.route = route;
    this.book = book;
  }
}
