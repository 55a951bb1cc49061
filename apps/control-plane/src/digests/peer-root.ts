import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { fleetRoot } from '@lapidary/replication/digest/fleet-root';
import { sharedRoots } from './shared-roots.js';

/** What a peer's heartbeat says of its digest, kept beside ours. Writes on their way make them differ for a moment; equal is equal. */
export const notePeerRoot = async (reader: Reader, peer: string, root: string): Promise<void> => {
  const own = fleetRoot(await sharedRoots(reader, peer));
  await reader.query(
    `INSERT INTO digest_peer AS d (peer, root, own_root, agreed_at) VALUES ($1, $2, $3, CASE WHEN $2 = $3 THEN now() END)
     ON CONFLICT (peer) DO UPDATE SET root = excluded.root, own_root = excluded.own_root, told_at = now(),
       agreed_at = coalesce(excluded.agreed_at, d.agreed_at)`,
    [peer, root, own],
  );
};

export interface PeerAgreement {
  readonly peer: string;
  /** Both roots were equal at the peer's last heartbeat. */
  readonly agrees: boolean;
  /** When they last were; null: never seen. */
  readonly agreedAt: Date | null;
  readonly toldAt: Date;
}

export const peerAgreements = async (reader: Reader): Promise<PeerAgreement[]> =>
  await rowsOf<PeerAgreement>(
    reader,
    'SELECT peer, root = own_root AS agrees, agreed_at AS "agreedAt", told_at AS "toldAt" FROM digest_peer ORDER BY peer',
  );
