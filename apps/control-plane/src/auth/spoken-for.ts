import { regionOfRollout } from '@lapidary/kernel/names';

/** A token's name is for people to read in the audit: nothing in it that is not shown. */
const personPattern = /^token:[^\p{C}\s][^\p{C}]*$/u;
const rolloutPrefix = 'rollout:';

/** Somebody with a token of their own region. */
export const isPerson = (actor: string): boolean => personPattern.test(actor);

/**
 * Whether a region may say that this is who asks (I10): its people, and roll-outs that it coordinates. Never a part of another region
 * (`system:`), a workload or an agent, which ask in their own region, nor a roll-out that is another region's.
 */
export const maySpeakFor = (region: string, actor: string): boolean =>
  isPerson(actor) || (actor.startsWith(rolloutPrefix) && regionOfRollout(actor.slice(rolloutPrefix.length)) === region);
