import { conflictCountsPath, geodeOpenPath, geodePath, geodeReseedPath, geodeTrustPath } from '@lapidary/contracts/api/paths';
import { ConflictCountsSchema, HeldChangePageSchema, type ConflictCount, type HeldChangeView } from '@lapidary/contracts/api/replication';
import {
  RecoveryActSchema,
  TrustedTokensSchema,
  type OpenRecovery,
  type RecoveryAct,
  type TrustedTokens,
  type TrustTokens,
} from '@lapidary/contracts/api/recovery';
import type { Api } from './api.js';

/** Figures and queues of a region's part in replication. */
export class ReplicationApi {
  constructor(private readonly api: Api) {}

  async conflictCounts(region: string | undefined): Promise<ConflictCount[]> {
    const options = { schema: ConflictCountsSchema, query: { region } };
    return (await this.api.http.request('GET', conflictCountsPath, options)).value.items;
  }

  async openRecovery(body: OpenRecovery): Promise<RecoveryAct> {
    return this.api.post(geodeOpenPath, RecoveryActSchema, body);
  }

  async reseed(reason: string): Promise<RecoveryAct> {
    return this.api.post(geodeReseedPath, RecoveryActSchema, { reason });
  }

  async trustTokens(body: TrustTokens): Promise<TrustedTokens> {
    return this.api.post(geodeTrustPath, TrustedTokensSchema, body);
  }

  async heldChanges(region: string | undefined, limit: number): Promise<{ items: HeldChangeView[]; next: string | null }> {
    return this.api.all(`${geodePath}/held`, HeldChangePageSchema, { region }, limit);
  }
}
