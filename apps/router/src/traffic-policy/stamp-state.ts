import type { StampRoute } from '@lapidary/contracts/directory';
import { ownState, type PolicyState } from './across-workers/policy-state.js';
import { Compartment } from './bulkhead/compartment.js';
import type { Random } from './doors/breaker.js';
import { StampDoors } from './doors/stamp-doors.js';
import type { StampRule } from './limits-book.js';
import { RetryBudget } from './retry-budget.js';

/** All that a router remembers of one stamp from one request to the next. */
export class StampState {
  readonly stamp: string;
  readonly doors: StampDoors;
  readonly compartment: Compartment;
  readonly retries = new RetryBudget();
  rule: StampRule;
  private frontDoors: readonly string[] | null = null;
  private route: StampRoute | null = null;
  private book: object | null = null;

  constructor(route: StampRoute, rule: StampRule, random?: Random, state: PolicyState = ownState()) {
    this.stamp = route.stamp;
    this.doors = new StampDoors(random, state);
    this.compartment = new Compartment(route.stamp, rule, state);
    this.rule = rule;
    this.keepTo(route, rule);
  }

  /** Whether it is sure to be as the directory and the limits say: asked several times for each request. */
  isKeptTo(route: StampRoute, book: object): boolean {
    return this.route === route && this.book === book;
  }

  noteKept(route: StampRoute, book: object): void {
    this.route = route;
    this.book = book;
  }

  /** Cheap where nothing has changed: the directory hands out the same list until it changes. */
  keepTo(route: StampRoute, rule: StampRule): void {
    if (this.frontDoors === route.frontDoors && this.rule === rule) return;
    this.doors.keepTo(route, rule);
    if (this.rule !== rule) this.compartment.keepTo(rule);
    this.frontDoors = route.frontDoors;
    this.rule = rule;
  }
}
