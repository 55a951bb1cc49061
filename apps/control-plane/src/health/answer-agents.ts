import type {
  CredentialsReply,
  CredentialsRequest,
  RegisterReply,
  RegisterRequest,
  SyncReply,
  SyncRequest,
} from '@lapidary/contracts/agent-protocol';
import { rowsOf } from '@lapidary/db/rows';
import { isFencedError } from '@lapidary/db/database-error';
import { inTransaction } from '@lapidary/db/transaction';
import { isAppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import type { DataSource } from 'typeorm';
import type { CommandContext } from '../http/command-context.js';
import { registerAgent } from '../stamps/register-agent.js';
import { issueWorkloadToken } from '../stamps/workload-tokens.js';
import { readHoldings } from './holdings.js';
import { isRegionFenced } from '../fence/recovery-rows.js';

export interface AgentTools {
  readonly region: string;
  readonly dataSource: DataSource;
  readonly clock: HybridLogicalClock;
  readonly heartbeatMs: number;
  readonly resyncMs: number;
  /** Where stamps reach this region's API; null: nobody has said. */
  readonly apiUrl: string | null;
}

/** What a restored database believes of its stamps is old: they go on with what they hold, as if nobody had answered (I4, ADR 4). */
const fencedRegion = { ok: false, code: 'not_ready', message: 'This region was restored from a backup and is fenced' } as const;

type Refusal = Extract<RegisterReply, { ok: false }>;
const refusals: ReadonlySet<string> = new Set(['unauthenticated', 'not_found', 'invalid_input', 'not_ready']);

/** What an agent may be told; anything else is a failure of ours and is answered as one. */
const refusalOf = (error: unknown): Refusal => {
  if (isFencedError(error)) return fencedRegion;
  if (!isAppError(error) || !refusals.has(error.code)) throw error;
  return { ok: false, code: error.code as Refusal['code'], message: error.message };
};

/** A new process of a stamp: token, epoch, and everything that it must hold. */
export const answerRegister = async (tools: AgentTools, request: RegisterRequest): Promise<RegisterReply> => {
  const context: CommandContext = { region: tools.region, actor: `agent:${request.stamp}`, requestId: newId(), reason: null };
  try {
    return await inTransaction(tools.dataSource, async (tx) => {
      if (await isRegionFenced(tx)) return fencedRegion;
      const stamp = await registerAgent(tx, context, tools.clock, request);
      const holdings = await readHoldings(tx, request.stamp);
      return { ok: true as const, epoch: stamp.epoch, heartbeatMs: tools.heartbeatMs, resyncMs: tools.resyncMs, holdings };
    });
  } catch (error) {
    return refusalOf(error);
  }
};

/** A token for the stamp's workload, and where to use it. A restored database may believe in an older process: no other one is told so by it. */
export const answerCredentials = async (tools: AgentTools, request: CredentialsRequest): Promise<CredentialsReply> => {
  const context: CommandContext = { region: tools.region, actor: `agent:${request.stamp}`, requestId: newId(), reason: null };
  const { apiUrl } = tools;
  if (apiUrl === null) return { ok: false, code: 'not_ready', message: 'LAPIDARY_API_URL is not set' };
  try {
    const { issued, isFenced } = await inTransaction(tools.dataSource, async (tx) => ({
      isFenced: await isRegionFenced(tx),
      issued: await issueWorkloadToken(tx, context, request),
    }));
    if (issued === null && isFenced) return fencedRegion;
    if (issued === null) return { ok: false, code: 'fenced', message: `Another process serves ${request.stamp}` };
    return { ok: true, url: apiUrl, ...issued };
  } catch (error) {
    return refusalOf(error);
  }
};

/** Everything that a stamp must hold, for its present process only: an older one is fenced off (P-HB3). */
export const answerSync = async (tools: AgentTools, request: SyncRequest): Promise<SyncReply> => {
  if (await isRegionFenced(tools.dataSource)) return fencedRegion;
  const [row] = await rowsOf<{ epoch: number; instance_id: string | null; is_known: boolean }>(
    tools.dataSource,
    `SELECT s.epoch, o.instance_id, s.agent_token_sha256 IS NOT NULL AS is_known FROM stamp s LEFT JOIN stamp_observation o ON o.stamp = s.name
     WHERE s.name = $1 AND s.region = $2 AND s.status <> 'retired'`,
    [request.stamp, tools.region],
  );
  if (!row) return { ok: false, code: 'not_found', message: `There is no stamp ${request.stamp}` };
  // Provisioned since the backup that this region was restored from: no process could register, and the one that serves must not be told to stop.
  if (!row.is_known) return { ok: false, code: 'not_ready', message: `What proves an agent of ${request.stamp} is not known` };
  if (row.epoch !== request.epoch || row.instance_id !== request.instanceId) {
    return { ok: false, code: 'fenced', message: `Another process serves ${request.stamp}, at epoch ${row.epoch}` };
  }
  return { ok: true, holdings: await readHoldings(tools.dataSource, request.stamp) };
};
