import type { FleetLook, FleetQuestion, FleetTable, PeerDigestQuestion } from '@lapidary/contracts/fleet-protocol';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { fittingAnswer } from '@lapidary/messaging/fitting-answer';
import { readOrigin } from '../outbox/outbox-rows.js';
import { stampSelect, stampViewOf, type StampRow } from '../stamps/stamp-row.js';
import { tenantSelect, tenantViewOf, type TenantRow } from '../tenants/tenant-row.js';
import { fleetBucketSums, fleetLooks, fleetRows, fleetSums } from './fleet-rows.js';
import { readKnown } from './known-events.js';

export const isOfFleet = (question: PeerDigestQuestion): question is FleetQuestion => question.want.startsWith('fleet-');

/** Whatever the reader's is: a tenant's first host derives from its id, and no replica keeps it. */
const anyDomain = 'lapidary.invalid';

/** What this region tells everybody of its own stamps and tenants, and of definitions: nothing that events do not tell (I3). */
export const answerFleet = async (tx: Tx, question: FleetQuestion): Promise<unknown> => {
  const { region } = await readOrigin(tx);
  switch (question.want) {
    case 'fleet-sums':
      return { sums: [...(await fleetSums(tx, region, question.contested ?? false))].map(([table, sum]) => ({ table, ...sum })) };
    case 'fleet-buckets':
      return { buckets: await fleetBucketSums(tx, region, question.table, question.contested ?? false) };
    case 'fleet-rows': {
      const rows = await fleetRows(tx, region, question.table, question.buckets, question.contested ?? false);
      const fit = fittingAnswer(rows);
      return { rows: fit, cut: fit.length < rows.length };
    }
    case 'fleet-looks': {
      const known = await readKnown(tx);
      const looks = await fleetLooks(tx, region, question.table, question.keys);
      const fit = fittingAnswer(question.views ? await withViews(tx, question.table, looks) : looks);
      return { known, looks: fit, cut: fit.length < looks.length };
    }
  }
};

const withViews = async (tx: Tx, table: FleetTable, looks: readonly FleetLook[]): Promise<FleetLook[]> => {
  const keys = looks.filter((look) => look.digest !== null).map((look) => look.key);
  const views = new Map(await viewsOf[table](tx, keys));
  return looks.map((look) => ({ ...look, view: views.get(look.key) }));
};

const viewsOf: Readonly<Record<FleetTable, (tx: Tx, keys: readonly string[]) => Promise<[string, unknown][]>>> = {
  definition: async (tx, keys) =>
    (
      await rowsOf<{ name: string; definition: unknown }>(tx, 'SELECT name, definition FROM collection WHERE name = ANY ($1::text[])', [
        keys,
      ])
    ).map(({ name, definition }) => [name, definition]),
  stamp: async (tx, keys) =>
    (await rowsOf<StampRow>(tx, `${stampSelect} WHERE s.name = ANY ($1::text[])`, [keys])).map((row) => [row.name, stampViewOf(row)]),
  tenant: async (tx, keys) =>
    (
      await rowsOf<TenantRow & { hlc: string; claim_hlc: string }>(
        tx,
        `SELECT told.*, c.hlc, c.claim_hlc FROM (${tenantSelect}) AS told JOIN tenant c ON c.id = told.id WHERE told.id = ANY ($1::text[])`,
        [keys],
      )
    ).map((row) => [
      row.id,
      { tenant: tenantViewOf(row, anyDomain), hlc: row.hlc, claim: row.claim_hlc, hostClaims: row.host_claims ?? {} },
    ]),
};
