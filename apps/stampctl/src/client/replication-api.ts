import { conflictCountsPath, geodePath } from '@lapidary/contracts/api/paths';
import { ConflictCountsSchema, HeldChangePageSchema, type ConflictCount, type HeldChangeView } from '@lapidary/contracts/api/replication';
import type { Api } from './api.js';

/** Figures and queues of a region's part in replication. */
export class ReplicationApi {
  constructor(private readonly api: Api) {}

  async conflictCounts(region: string | undefined): Promise<ConflictCount[]> {
    const options = { schema: ConflictCountsSchema, query: { region } };
    return (await this.api.http.request('GET', conflictCountsPath, options)).value.items;
  }

  async heldChanges(region: string | undefined, limit: number): Promise<{ items: HeldChangeView[]; next: string | null }> {
    return this.api.all(`${geodePath}/held`, HeldChangePageSchema, { region }, limit);
  }
}
