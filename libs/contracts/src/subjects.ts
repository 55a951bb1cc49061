/**
 * Every NATS subject and stream name is built here and nowhere else. Stream names are globally unique (they carry the
 * region), since NATS 2.9 checks sources against local streams of the same name.
 */

/** Stream of a region's outbox events, read by the other geodes over an ordinary client connection. */
export const geoStream = (region: string): string => `GEO_${streamToken(region)}`;
export const geoEvents = (region: string): string => `geo.${region}.events`;
/*
 * What a region is asked by a peer has the asking peer as its last token: permissions of NATS hold each peer's user to its own name
 * (nats-roles.ts), so the server, and not the request, says who asks (I3).
 */
/** Request to the origin: events by origin sequence, answered from its outbox. */
export const geoBackfill = (region: string, peer: string): string => `geo.${region}.backfill.${peer}`;
/** Request to the origin: contents that are not told to everybody (I3). */
export const geoContents = (region: string, peer: string): string => `geo.${region}.contents.${peer}`;
/** Request to the origin: how far the asking peer has applied its events; the answer says where the origin stands. */
export const geoAck = (region: string, peer: string): string => `geo.${region}.ack.${peer}`;
/** Request to a region, by a peer: what it holds of documents that the peer may have, by set or by row (JSON). */
export const geoDigest = (region: string, peer: string): string => `geo.${region}.digest.${peer}`;
/** Request to a region, by a peer: symbols, bucket sums or elements of one set of documents (bytes). */
export const geoSketch = (region: string, peer: string): string => `geo.${region}.sketch.${peer}`;
/** Request to a region, by a peer that was restored from a backup: what it holds of that one (recovery-protocol.ts). */
export const geoRecovery = (region: string, peer: string): string => `geo.${region}.recovery.${peer}`;
/** Request to a region, by a peer: which schemas it has, of the wire and of its database. */
export const geoSchema = (region: string, peer: string): string => `geo.${region}.schema.${peer}`;
/** Request to another region's HTTP API, answered by any of its control planes (queue group). */
export const apiForward = (region: string, peer: string): string => `api.${region}.${peer}`;
/**
 * Request to a region, by a peer: execute a command once, however often it is asked, or never. The asking peer is in the subject, as
 * with contents: an intent counts as that peer's.
 */
export const apiIntents = (region: string, peer: string): string => `api.${region}.intents.${peer}`;

export interface Parties {
  /** Who is asked. */
  readonly region: string;
  readonly peer: string;
  /** A request to the API, which does something each time that it is executed. */
  readonly isCommand: boolean;
}

/** Between which regions requests of this subject go; null: it is nothing that regions ask of each other. */
export const partiesOf = (subject: string): Parties | null => {
  const [kind, region, what, peer, ...more] = subject.split('.');
  if (!region || !what || more.length > 0) return null;
  if (kind === 'geo') return peer ? { region, peer, isCommand: false } : null;
  if (kind !== 'api') return null;
  return what === 'intents' && peer ? { region, peer, isCommand: false } : peer ? null : { region, peer: what, isCommand: true };
};

/** Stream that holds the last state of each directory entry (one message per subject). */
export const directoryStream = (region: string): string => `DIR_${streamToken(region)}`;
export const directoryEntry = (region: string, key: string): string => `dir.${region}.${key.replace('/', '.')}`;
export const directoryAll = (region: string): string => `dir.${region}.>`;
/** Published every few seconds: cursor, count and root of the directory, for the routers' full compare. */
export const directoryDigest = (region: string): string => `dirdigest.${region}`;
/** Request: pages of the whole directory, for a router whose digest differs. */
export const directorySnapshot = (region: string): string => `dirsnapshot.${region}`;

export const agentRegister = (region: string): string => `agents.${region}.register`;
export const agentHeartbeat = (region: string): string => `agents.${region}.heartbeat`;
export const agentSync = (region: string): string => `agents.${region}.sync`;
/** Request: a token for the stamp's workload. */
export const agentCredentials = (region: string): string => `agents.${region}.credentials`;
/** Request from the control plane to a stamp's agent: what is in its list of tenants, or to fetch it anew. */
export const agentReplica = (region: string, stamp: string): string => `agents.${region}.replica.${stamp}`;
/** Request from the control plane to a stamp's agent: hold or drop one tenant. */
export const agentHold = (region: string, stamp: string): string => `agents.${region}.hold.${stamp}`;

/** From the control plane to the processes of a stamp: which epoch is the present one. */
export const agentFence = (region: string, stamp: string): string => `agents.${region}.fence.${stamp}`;

export const routerExplain = (region: string): string => `routers.${region}.explain`;
/** Request to the control plane: the limits that hold, unless the router holds that version already. */
export const routerLimits = (region: string): string => `limits.${region}.get`;
/** Published when limits have changed: ask now. */
export const routerLimitsChanged = (region: string): string => `limits.${region}.changed`;
/** Routers among themselves: who has how much demand for a budget that they share. */
export const routerBudget = (region: string): string => `routers.${region}.budget`;
/** Published by each router every few seconds: live figures for `stampctl top`. */
export const routerTraffic = (region: string): string => `routers.${region}.traffic`;
/** Request from the control plane to one router: what is in its directory, or to fetch it anew. */
export const routerReplica = (region: string, router: string): string => `routers.${region}.replica.${router.replaceAll(/[^\w-]/g, '_')}`;
/** Of all routers, for permissions. */
export const routerReplicas = (region: string): string => `routers.${region}.replica.*`;
export const routerHeartbeat = (region: string): string => `routers.${region}.heartbeat`;

/** Live events for consoles, within a region, best effort (the console refetches after a hole). */
export const liveEvents = (region: string): string => `live.${region}`;

const streamToken = (region: string): string => region.toUpperCase().replaceAll('-', '_');
