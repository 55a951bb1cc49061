import {
  conflictCountsPath,
  conflictPath,
  conflictsPath,
  geodeOpenPath,
  geodePath,
  geodeReseedPath,
  geodeTrustPath,
} from '@lapidary/contracts/api/paths';
import {
  ConflictCountsSchema,
  ConflictPageSchema,
  ConflictSchema,
  HeldChangePageSchema,
  type ConflictCount,
  type ConflictView,
  type HeldChangeView,
} from '@lapidary/contracts/api/replication';
import {
  RecoveryActSchema,
  TrustedTokensSchema,
  type OpenRecovery,
  type RecoveryAct,
  type TrustedTokens,
  type TrustTokens,
} from '@lapidary/contracts/api/recovery';
import type { Api } from './api.js';

type Query = Readonly<Record<string, string | undefined>>;

/** Figures and queues of a region's part in replication. */
export class ReplicationApi {
  constructor(private readonly api: Api) {}

  async conflicts(query: Query, limit: number): Promise<{ items: ConflictView[]; next: string | null }> {
    return this.api.all(conflictsPath, ConflictPageSchema, query, limit);
  }

  /** The ledger as it comes, page by page: it may be longer than memory is large. */
  async *ledger(query: Query): AsyncGenerator<readonly ConflictView[]> {
    for await (const { items } of this.api.pages(conflictsPath, ConflictPageSchema, query)) yield items;
  }

  async conflict(id: string): Promise<ConflictView> {
    return (await this.api.http.request('GET', conflictPath(id), { schema: ConflictSchema })).value;
  }

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
