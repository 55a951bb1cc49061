import { counterWriter, lifeOfCounter, operateCounter, rightsOf } from '../merge/counter.js';
import { own } from '../merge/json.js';
import { writeRegister } from '../merge/register.js';
import type { ChangeNote, CollectionTransaction, DocumentKey, Site } from './collection-store.js';
import { policyFor } from './definitions.js';
import { existsState, latestOfState, type DocumentState } from './document-state.js';
import { tellWhole } from './tell-change.js';
import { changeOfWhole } from './whole-change.js';

/**
 * Gives all that this region may subtract of a counter to another one; returns how much, 0 where there is nothing to give. `origin`: who writes it in the
 * region's stead, which nobody else may do any more (a region that was given up as lost for good).
 */
export const giveAllRights = async (
  tx: CollectionTransaction,
  site: Pick<Site, 'region' | 'epoch' | 'tick'>,
  key: DocumentKey,
  to: string,
  by: Pick<ChangeNote, 'actor' | 'requestId'> & Partial<Pick<ChangeNote, 'origin'>>,
): Promise<number> => {
  const { region, epoch, tick } = site;
  const stored = await tx.document(key);
  if (stored?.state.kind !== 'counter' || !existsState(stored.state)) return 0;
  const before = stored.state;
  const units = own(rightsOf(before), region) ?? 0;
  if (units <= 0) return 0;
  const outcome = operateCounter(before, region, epoch, { op: 'give', units, to }, true);
  if (!outcome.ok) return 0;
  const at = tick(latestOfState(before));
  const state: DocumentState = {
    ...before,
    rows: { ...before.rows, [counterWriter(region, epoch, lifeOfCounter(before))]: outcome.row },
    alive: writeRegister(before.alive, at, true),
  };
  const written = { after: { ...stored, state, toldInPart: 0 }, change: changeOfWhole(state, null), whole: true, settled: [] };
  await tellWhole(tx, key, await policyFor(tx, key.collection, key.kind), written, { origin: region, ...by, at });
  return units;
};
