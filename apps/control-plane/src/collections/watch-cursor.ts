/**
 * Place in a region's history of changes: by transaction, then by row. A reader looks only at transactions older than every one that is
 * still running (pg_snapshot_xmin), so nothing can appear before its place any more; identity values alone become visible out of order.
 */
export interface WatchCursor {
  readonly region: string;
  /** Of the region's database: a restored one has another history. */
  readonly epoch: number;
  readonly xid: bigint;
  readonly position: bigint;
}

const pattern = /^([a-z][a-z0-9-]*)\.(\d+)\.(\d+)\.(\d+)$/;

export const formatWatchCursor = ({ region, epoch, xid, position }: WatchCursor): string => `${region}.${epoch}.${xid}.${position}`;

/** Null for what was not given out. */
export const parseWatchCursor = (text: string): WatchCursor | null => {
  const [, region, epoch, xid, position] = pattern.exec(text) ?? [];
  if (region === undefined) return null;
  return { region, epoch: Number(epoch), xid: BigInt(xid!), position: BigInt(position!) };
};

/**
 * Whether a reader may go on from here in this database. A cursor from the future is of one that was lost; below the floor, history
 * has been pruned.
 */
export const continues = (cursor: WatchCursor, region: string, epoch: number, { horizon, floor }: WatchBounds): boolean =>
  cursor.region === region && cursor.epoch === epoch && cursor.xid <= horizon && cursor.xid > floor;

export interface WatchBounds {
  /** Transactions older than this are all over. */
  readonly horizon: bigint;
  /** History up to this transaction may be gone. */
  readonly floor: bigint;
}
