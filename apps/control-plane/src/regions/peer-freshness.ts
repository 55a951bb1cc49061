/**
 * Another region's control plane answers every second while all is well (replication/peer-session.ts). Silent for this
 * long, nobody vouches for what its replicas say of health: an old "healthy" must not be shown as news.
 */
const silentSecondsMax = 10;

/** SQL condition over a row of version_vector: the region answered lately. */
export const answersNow = (alias: string): string =>
  `coalesce(${alias}.confirmed_at > now() - interval '${silentSecondsMax} seconds', false)`;
