const fnvOffset = 0x811c9dc5;
const fnvPrime = 0x01000193;

/**
 * A tenant in one word, the same in all workers, never 0 (FNV-1a). Asked for where something has failed only. Two tenants with one mark
 * are taken for one, so that a failure counts less: whoever chose such a name would win nothing by it.
 */
export const markOf = (tenant: string): number => {
  let mark = fnvOffset;
  for (let i = 0; i < tenant.length; i += 1) mark = Math.imul(mark ^ tenant.charCodeAt(i), fnvPrime);
  return mark | 0 || 1;
};
