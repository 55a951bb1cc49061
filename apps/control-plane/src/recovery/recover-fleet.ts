import { StampSchema, type StampView } from '@lapidary/contracts/api/stamps';
import { TenantSchema } from '@lapidary/contracts/api/tenants';
import { eventSchemas } from '@lapidary/contracts/events/registry';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { HostClaimsSchema } from '@lapidary/contracts/host-claims';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { applyDefinition } from '@lapidary/replication/collections/definitions';
import type { Register } from '@lapidary/replication/merge/register';
import { z } from 'zod';
import { PostgresCollections } from '../collections/postgres-collections.js';
import { recoveryContext } from '../fence/recovery-rows.js';
import { toldClaims } from '../replication/apply-hosts.js';
import { applyStamp } from '../replication/apply-stamp.js';
import { applyTenant, type ApplyTools } from '../replication/apply-tenant.js';
import { revokeWorkloadTokens } from '../stamps/workload-tokens.js';
import { noteFound } from './recovery-progress.js';

/** Without `hostClaims` the answering region is of an older version. */
export const HeldTenantSchema = z.object({ tenant: TenantSchema, claim: z.string(), hostClaims: HostClaimsSchema.optional() });
type HeldTenant = z.infer<typeof HeldTenantSchema>;
export const HeldDefinitionSchema = eventSchemas['lapidary.collection.defined.v1'];
export { StampSchema as HeldStampSchema };

/** This region's own word, as another region keeps it: applied as if it came from outside. */
const ownWord = (region: string, subject: string, hlc: string): EventEnvelope => ({
  ...{ specversion: '1.0', id: `recovery.${subject}`.slice(0, 64), source: `/regions/${region}`, type: 'lapidary.recovered.v1', subject },
  ...{
    time: new Date().toISOString(),
    originregion: region,
    originepoch: 1,
    originsequence: 1,
    hlc,
    requestid: '',
    actor: 'system:recovery',
  },
  data: {},
});

/** B4: a stamp of this region is what the newest version of it was that anybody knows; its epoch never goes down. */
export const recoverStamp = async (tx: Tx, region: string, stamp: StampView): Promise<void> => {
  if (stamp.region !== region) return;
  const [own] = await rowsOf<{ version: number; epoch: number }>(tx, 'SELECT version, epoch FROM stamp WHERE name = $1 FOR UPDATE', [
    stamp.name,
  ]);
  if (own && own.version >= stamp.version) return;
  await applyStamp(tx, ownWord(region, `stamp/${stamp.name}`, ''), stamp);
  // Buried since the backup: what its workload was given is good for nothing again.
  if (stamp.status === 'retired') await revokeWorkloadTokens(tx, recoveryContext(region), stamp.name);
  await tx.query('UPDATE stamp SET origin_sequence = 0, epoch = greatest(epoch, $2) WHERE name = $1', [stamp.name, own?.epoch ?? 0]);
  await noteFound(tx, { what: 'stamp', key: [stamp.name] });
};

/** B4: likewise a tenant, with its placement, its names and its claim. */
export const recoverTenant = async (tx: Tx, tools: ApplyTools, { tenant, claim, hostClaims }: HeldTenant): Promise<void> => {
  if (tenant.region !== tools.region) return;
  const [own] = await rowsOf<{ version: number }>(tx, 'SELECT version FROM tenant WHERE id = $1 FOR UPDATE', [tenant.id]);
  if (own && own.version >= tenant.version) return;
  await applyTenant(tx, ownWord(tools.region, `tenant/${tenant.id}`, claim), tenant, toldClaims(tenant, claim, hostClaims), tools);
  await tx.query('UPDATE tenant SET origin_sequence = 0 WHERE id = $1 AND home_region = $2', [tenant.id, tools.region]);
  await noteFound(tx, { what: 'tenant', key: [tenant.id] });
};

/** Definitions are merged; one that another region knew more of is told anew. */
export const recoverDefinition = async (tx: Tx, tools: ApplyTools, collection: string, definition: Register): Promise<void> => {
  const read = async (): Promise<string> =>
    (await rowsOf<{ text: string }>(tx, 'SELECT definition::text AS text FROM collection WHERE name = $1', [collection]))[0]?.text ?? '';
  const before = await read();
  const { clock } = tools.collections;
  await applyDefinition(new PostgresCollections(tx, clock, recoveryContext(tools.region)), collection, definition);
  if ((await read()) !== before) await noteFound(tx, { what: 'definition', key: [collection] });
};
