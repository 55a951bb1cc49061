/**
 * What works when: tests say in their title which operation they show in which failure, and docs/reference/what-works-when.md is made
 * of nothing else (tools/gen/what-works-page.ts). The reporter of every run fails where a test that is declared did not pass
 * (tools/count-reporter.mjs).
 */
export const operations = {
  place: 'Create and place a tenant of the region itself',
  'foreign-command': 'A command for another region’s tenant or stamp',
  claim: 'Claim a name (tenant, host) that another region may claim too',
  provision: 'Provision, change or retire a stamp of the region itself',
  rollout: 'Roll a version out',
  route: 'Serve tenants’ requests through a router',
  'read-documents': 'Read documents of collections',
  'write-documents': 'Write documents of collections',
  'sell-stock': 'Sell bounded stock (counter with escrow)',
  'look-at-fleet': 'Show stamps, tenants and regions of the whole fleet',
  watch: 'Watch documents of collections change',
  policy: 'Change the policy of a collection',
  'cancel-intent': 'Take back a command that waits for another region',
  drift: 'Look for drift',
  repair: 'Repair what a look has found',
} as const;
export type Operation = keyof typeof operations;

export const failures = {
  'regions-cut': 'Other regions cut off',
  'links-silent': 'Links silent (black hole)',
  'nats-down': 'Region’s NATS down',
  'postgres-down': 'Region’s Postgres down',
  'postgres-refuses': 'Region’s Postgres takes no writes (read only, as a stand-by, or no room)',
  'database-restored': 'Region’s database restored from a backup, until all regions were heard',
  'control-plane-down': 'Region’s control plane down',
  'everything-down': 'All control planes, Postgres and NATS down',
  'agent-down': 'Stamp agent down',
  'router-restart': 'Router restarted (SIGHUP)',
  'router-killed': 'Router killed',
} as const;
export type Failure = keyof typeof failures;

export const outcomes = {
  works: 'is done while it lasts, as at any time',
  waits: 'is accepted while it lasts, and done once, by itself, when it is over',
  refuses: 'is refused at once, with a reason; nothing is half done',
  recovers: 'gets no answer while it lasts; goes on by itself when it is over, with nothing lost or doubled',
} as const;
export type Outcome = keyof typeof outcomes;

export interface Proof {
  readonly operation: Operation;
  readonly failure: Failure;
  readonly outcome: Outcome;
}

/** What stands in the title for each proof; the reporter looks for it among the tests that passed. */
export const markOf = ({ operation, failure, outcome }: Proof): string => `[${operation} × ${failure}: ${outcome}]`;

/** `it(proves('…', { operation, failure, outcome }), …)`: title and proofs must be literals, since they are read from the source. */
export const proves = (title: string, ...proofs: readonly [Proof, ...Proof[]]): string => [title, ...proofs.map(markOf)].join(' ');
