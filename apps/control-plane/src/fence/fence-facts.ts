import type { RecoveryView } from '@lapidary/contracts/api/recovery';
import type { Reader } from '@lapidary/db/transaction';
import { rowsOf } from '@lapidary/db/rows';
import { isFenced } from '@lapidary/replication/recovery/recovery-states';
import { readRecovery, type Evidence } from './recovery-rows.js';

/** How a region's recovery is shown: what it waits for, in words. Null while its log is sound. */
export const recoveryView = async (reader: Reader, configured?: readonly string[]): Promise<RecoveryView | null> => {
  const recovery = await readRecovery(reader);
  if (recovery.state === 'sound') return null;
  return {
    state: recovery.state,
    fenced: isFenced(recovery.state),
    since: (recovery.beganAt ?? recovery.since).toISOString(),
    backupAt: recovery.backupAt?.toISOString() ?? null,
    evidence: recovery.evidence.map(evidenceText),
    waitsFor: await waitedFor(reader, configured ?? null),
    without: [...recovery.without],
  };
};

const waitedFor = async (reader: Reader, configured: readonly string[] | null): Promise<{ region: string; why: string | null }[]> =>
  await rowsOf<{ region: string; why: string | null }>(
    reader,
    `SELECT r.name AS region, p.problem AS why FROM (SELECT name FROM region WHERE $1::text[] IS NULL UNION SELECT unnest($1::text[])) AS r CROSS JOIN origin o LEFT JOIN recovery_peer p ON p.peer = r.name
      WHERE r.name <> o.region AND p.reconciled_at IS NULL ORDER BY r.name`,
    [configured],
  );

const evidenceText = ({ from, epoch, sequence, forked, restored }: Evidence): string => {
  if (from === 'database') return 'the database was copied, restored or promoted since the last start';
  if (restored === true) return `region ${from} was restored itself, and can’t vouch for this region’s log`;
  const who = from === 'stream' ? 'the event stream of this region' : `region ${from}`;
  return forked === true
    ? `${who} holds another event at one of the places of this region’s log (it knows it up to ${sequence} of epoch ${epoch})`
    : `${who} knows this region’s log up to ${sequence} of epoch ${epoch}`;
};

/** Regions that answer for less of their log than is known here, with since when. */
export const setBackPeers = async (reader: Reader): Promise<ReadonlyMap<string, Date>> => {
  const rows = await rowsOf<{ origin: string; at: Date }>(
    reader,
    'SELECT origin, set_back_at AS at FROM version_vector WHERE set_back_at IS NOT NULL ORDER BY origin',
  );
  return new Map(rows.map(({ origin, at }) => [origin, at]));
};
