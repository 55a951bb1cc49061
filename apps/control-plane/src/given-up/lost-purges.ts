import type { Reader } from '@lapidary/db/transaction';
import { isVoid, missing, remaining } from '@lapidary/replication/given-up';
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
const allOfIt: ToldPlace = { epoch: 2 ** 31 - 1, sequence: 0 };

/** Of each region that all agree is lost, how far its log was heard by everybody who remains; each said so when it agreed, for good (RG2). */
const finalPlaces = async (reader: Reader): Promise<ReadonlyMap<string, ToldPlace>> => {
  const all = await readGivenUp(reader);
  const without = missing(all);
  const places = new Map<string, ToldPlace>();
  for (const told of all) {
    const { region } = told.decision;
    if (without.get(region)?.length !== 0 || isVoid(told)) continue;
    const remain = remaining(told, all);
    const heard = told.words.filter((w) => w.answer === 'agrees' && remain.includes(w.region)).map((w) => w.heard);
    if (heard.length === 0 || heard.length < remain.length) continue;
    const isOneEpoch = new Set(heard.map(({ epoch }) => epoch)).size === 1;
    // Where they know it under several epochs, all of it is told again.
    places.set(region, isOneEpoch ? { epoch: heard[0]!.epoch, sequence: Math.min(...heard.map(({ sequence }) => sequence)) } : allOfIt);
  }
  return places;
};
