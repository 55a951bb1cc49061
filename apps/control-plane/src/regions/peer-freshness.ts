import type { LinkState } from './replication-status.js';

/**
 * Another region's control plane answers every second while all is well (replication/peer-session.ts). Silent for this
 * long, nobody vouches for what its replicas say of health: an old "healthy" must not be shown as news.
 */
const silentSecondsMax = 10;

/** SQL condition over a row of version_vector: the region answered lately. */
export const answersNow = (alias: string): string =>
  `coalesce(${alias}.confirmed_at > now() - interval '${silentSecondsMax} seconds', false)`;

/**
 * Since when a peer that does not answer does not: its last answer, which the database keeps, whichever replica is asked and however lately it
 * was started. A process knows of its own connection only, and takes its own start for the beginning of every cut.
 */
export const cutSince = (confirmedAt: Date | null, link: LinkState | undefined): string | null =>
  confirmedAt?.toISOString() ?? link?.cutSince ?? null;
