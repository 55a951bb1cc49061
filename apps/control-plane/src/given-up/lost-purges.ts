import { integerMax } from '@lapidary/db/integer-max';
import type { Reader } from '@lapidary/db/transaction';
import { hearings, heardByAll, holding, lostRegions, remaining } from '@lapidary/replication/given-up';
import type { RetentionTools } from '../collections/purge-tombstones.js';
import { retellPurgesOf, type ToldPlace } from '../collections/retell-purges.js';
import { readGivenUp } from '../regions/given-up-rows.js';

/**
 * RG9: tells again what a region that is lost had purged, where not all of those that remain have heard it: its log will never tell them. Whoever has the grave tells;
 * one that is told again has its place in the log of who told it, and is forgotten as any other. Returns how many.
 */
export const retellLostPurges = async (tools: RetentionTools, lost?: string): Promise<number> => {
  let retold = 0;
  for (const [region, heardByAll] of await finalPlaces(tools.dataSource))
    if (region !== tools.region && (lost === undefined || region === lost)) retold += await retellPurgesOf(tools, region, heardByAll);
  return retold;
};

/** Beyond every epoch. */
const allOfIt: ToldPlace = { epoch: integerMax, sequence: 0 };

/** Of each region that all agree is lost, how far its log was heard by everybody who remains; each said so when it agreed, for good (RG2). */
const finalPlaces = async (reader: Reader): Promise<ReadonlyMap<string, ToldPlace>> => {
  const all = await readGivenUp(reader);
  const lost = lostRegions(all);
  const places = new Map<string, ToldPlace>();
  for (const told of holding(all)) {
    const { region } = told.decision;
    const remain = remaining(told, all);
    const heard = hearings(told, remain);
    if (!lost.has(region) || heard.length === 0 || heard.length < remain.length) continue;
    // Where they know it under several epochs, all of it is told again.
    places.set(region, heardByAll(heard) ?? allOfIt);
  }
  return places;
};
