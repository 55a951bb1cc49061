import type { HeldPage, KnownLog, RecoveryQuestion } from '@lapidary/contracts/recovery-protocol';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { fittingAnswer } from '@lapidary/messaging/fitting-answer';
import { isTelling } from '../fence/notice-set-back.js';
import { isRegionFenced } from '../fence/recovery-rows.js';
import { ledgerIds, ledgerRows } from './held-ledger.js';
import { readOrigin } from '../outbox/outbox-rows.js';
import { lastTakenIn, readPosition } from '../replication/peer-position.js';
import { stampSelect, stampViewOf, type StampRow } from '../stamps/stamp-row.js';
import { tenantSelect, tenantViewOf, type TenantRow } from '../tenants/tenant-row.js';

/** Of one answer; some hundred kilobytes at the most. */
const heldAtOnceMax = 200;

/** What this region holds of a peer that was restored from a backup, and asks for it. */
export const answerRecovery = async (
  reader: Reader,
  peer: string,
  question: RecoveryQuestion,
  here: { readonly baseDomain: string; readonly tombstoneDays: number },
): Promise<KnownLog | HeldPage> => {
  switch (question.want) {
    case 'log':
      return await knownLog(reader, peer, here.tombstoneDays);
    case 'stamps': {
      const sql = `${stampSelect} WHERE s.region = $1 AND s.name > $2 ORDER BY s.name LIMIT $3`;
      const rows = await rowsOf<StampRow>(reader, sql, [peer, question.after, heldAtOnceMax]);
      return pageOf(rows, (row) => row.name, stampViewOf);
    }
    case 'tenants': {
      const held = `${tenantSelect} WHERE t.home_region = $1 AND t.id > $2 ORDER BY t.id LIMIT $3`;
      const sql = `SELECT held.*, c.claim_hlc FROM (${held}) AS held JOIN tenant c ON c.id = held.id ORDER BY held.id`;
      const rows = await rowsOf<TenantRow & { claim_hlc: string }>(reader, sql, [peer, question.after, heldAtOnceMax]);
      return pageOf(
        rows,
        (row) => row.id,
        (row) => ({ tenant: tenantViewOf(row, here.baseDomain), claim: row.claim_hlc, hostClaims: row.host_claims ?? {} }),
      );
    }
    case 'definitions': {
      const sql = 'SELECT name, definition FROM collection WHERE name > $1 ORDER BY name LIMIT $2';
      const rows = await rowsOf<{ name: string; definition: unknown }>(reader, sql, [question.after, heldAtOnceMax]);
      return pageOf(
        rows,
        (row) => row.name,
        ({ name: collection, definition }) => ({ collection, definition }),
      );
    }
    case 'ledger': {
      const ids = await ledgerIds(reader, peer, question.after);
      return { items: ids, next: ids.at(-1) ?? null };
    }
    case 'ledger-rows':
      return { items: [...fittingAnswer(await ledgerRows(reader, peer, question.ids))], next: null };
  }
};

/** Rows are of any size: what does not fit is asked for again. */
const pageOf = <R>(rows: readonly R[], nameOf: (row: R) => string, viewOf: (row: R) => unknown): HeldPage => {
  const items = fittingAnswer(rows.map(viewOf));
  const isAll = rows.length < heldAtOnceMax && items.length === rows.length;
  return { items: [...items], next: isAll || items.length === 0 ? null : nameOf(rows[items.length - 1]!) };
};

const knownLog = async (reader: Reader, peer: string, tombstoneDays: number): Promise<KnownLog> => {
  const at = await readPosition(reader, peer);
  const last = await lastTakenIn(reader, peer, at.epoch);
  const own = await readOrigin(reader);
  const [latest] = await rowsOf<{ hlc: string | null }>(
    reader,
    `SELECT max(hlc COLLATE "C") AS hlc FROM (
       SELECT latest AS hlc FROM document WHERE substr(latest, 20) = $1 UNION ALL SELECT hlc FROM tenant WHERE home_region = $1) AS seen`,
    [peer],
  );
  const [held] = await rowsOf<{ n: number }>(reader, `SELECT count(*)::int AS n FROM held_change WHERE origin = $1`, [peer]);
  return {
    epoch: at.epoch,
    sequence: at.sequence,
    ...(last ? { last } : {}),
    latestHlc: latest?.hlc ?? null,
    own: { epoch: own.epoch, sequence: own.sequence },
    setBack: !(await isTelling(reader)),
    fenced: await isRegionFenced(reader),
    held: held!.n,
    tombstoneDays,
    ledger: true,
  };
};
