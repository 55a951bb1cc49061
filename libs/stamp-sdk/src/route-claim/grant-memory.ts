/**
 * What a client knows of the way to its tenant's stamp, as values; times are monotonic milliseconds.
 *
 *   phase   | means                                              | a call goes           | and
 *   --------+----------------------------------------------------+-----------------------+--------------------------
 *   empty   | nothing known, or the claim has ended              | waits for a grant     | one grant is fetched
 *   direct  | a claim with most of its life left                 | to the stamp          |
 *   ageing  | a claim near its end                               | to the stamp          | one grant is fetched beside
 *   router  | told that there is no direct way, or found it shut | to the router         |
 *
 *   event                         | from              | to
 *   ------------------------------+-------------------+------------------------------------------------
 *   grant with a direct way       | any               | direct
 *   grant without one             | any               | router, for routerOnlyMs
 *   grant could not be had        | empty             | router, for grantRetryMs
 *   grant could not be had        | ageing            | ageing (what is held is good until its end)
 *   time: refreshAtMs             | direct            | ageing
 *   time: endsAtMs                | direct, ageing    | empty
 *   stamp says 421 to this claim  | direct, ageing    | empty
 *   stamp can't be reached        | direct, ageing    | router, for unreachableMs
 *   time: untilMs                 | router            | empty
 *
 * Invariants:
 *   C1 A claim is never sent after its end, after the stamp has refused it, or anywhere but to the URL it came with.
 *   C2 At most one grant is being fetched.
 *   C3 A call is repeated only where the first attempt can't have had an effect, or may have it twice.
 *   C4 Where the direct way fails, the router is tried before the caller hears of it.
 */
export interface DirectWay {
  readonly url: string;
  readonly claim: string;
  readonly refreshAtMs: number;
  readonly endsAtMs: number;
}

export type GrantMemory =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'direct'; readonly way: DirectWay }
  | { readonly kind: 'router'; readonly untilMs: number };

export type Phase = 'empty' | 'direct' | 'ageing' | 'router';

export const nothing: GrantMemory = { kind: 'nothing' };

/** A stamp gets its door, or keys are set up: a matter of days. */
const routerOnlyMs = 60_000;
/** The router is asked for everything meanwhile, so that this is no loss. */
const grantRetryMs = 5_000;
/** A door that restarts is back within seconds; a network that blocks us stays so. */
const unreachableMs = 30_000;
/** Early enough that a claim is new when it is needed, late enough that routers sign seldom. */
const refreshShare = 0.7;
/** Clients that were started together shall not come together. */
const jitterShare = 0.2;
/** The claim must still be good when it arrives. */
const travelMs = 2_000;

/** `random`: from 0 to 1. */
const jittered = (ms: number, random: number): number => ms * (1 - jitterShare * random);

export const phaseOf = (memory: GrantMemory, nowMs: number): Phase => {
  if (memory.kind === 'nothing') return 'empty';
  if (memory.kind === 'router') return nowMs < memory.untilMs ? 'router' : 'empty';
  if (nowMs >= memory.way.endsAtMs) return 'empty';
  return nowMs < memory.way.refreshAtMs ? 'direct' : 'ageing';
};

export interface DirectGrant {
  readonly url: string;
  readonly claim: string;
  readonly lifetimeMs: number;
}

/** `askedAtMs`: when the grant was asked for; its life began at that time at the earliest. */
export const afterGrant = (direct: DirectGrant | null, askedAtMs: number, random: number): GrantMemory => {
  const lifeMs = (direct?.lifetimeMs ?? 0) - travelMs;
  if (direct === null || lifeMs <= 0) return { kind: 'router', untilMs: askedAtMs + jittered(routerOnlyMs, random) };
  const { url, claim } = direct;
  return {
    kind: 'direct',
    way: { url, claim, refreshAtMs: askedAtMs + jittered(lifeMs * refreshShare, random), endsAtMs: askedAtMs + lifeMs },
  };
};

export const afterFailedGrant = (memory: GrantMemory, nowMs: number, random: number): GrantMemory =>
  phaseOf(memory, nowMs) === 'empty' ? { kind: 'router', untilMs: nowMs + jittered(grantRetryMs, random) } : memory;

/** The stamp refused the claim of this way. A newer one that came meanwhile stays. */
export const afterRefusal = (memory: GrantMemory, way: DirectWay): GrantMemory =>
  memory.kind === 'direct' && memory.way.claim === way.claim ? nothing : memory;

export const afterUnreachable = (memory: GrantMemory, way: DirectWay, nowMs: number, random: number): GrantMemory =>
  memory.kind === 'direct' && memory.way.url === way.url ? { kind: 'router', untilMs: nowMs + jittered(unreachableMs, random) } : memory;
