/** Advisory locks of the background work that one replica of a region does at a time (libs/db/leader.ts). */
export const relayLock = 0x6c61_7101;
export const directoryLock = 0x6c61_7102;
export const healthLock = 0x6c61_7103;
export const residencyLock = 0x6c61_710b;
export const driftLock = 0x6c61_7109;
export const rolloutLock = 0x6c61_7108;
export const digestLock = 0x6c61_710a;
export const retentionLock = 0x6c61_710d;
export const capacityLock = 0x6c61_7107;
export const intentsLock = 0x6c61_7110;
export const recoveryLock = 0x6c61_7111;
export const looksLock = 0x6c61_7112;
export const givenUpLock = 0x6c61_7113;
const pullerLocks = 0x6c61_0000_0000;

/** One per peer: links fail and are led independently. */
export const pullerLock = (peer: string): number => {
  let hash = 0;
  for (const character of peer) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0;
  return pullerLocks + hash;
};
