import { newId } from '@lapidary/kernel/ids';
import { LimitsSchema, type LimitsView } from '@lapidary/contracts/api/limits';
import * as paths from '@lapidary/contracts/api/paths';
import { TrafficSchema, type Traffic } from '@lapidary/contracts/api/traffic';
import type { LimitsDocument } from '@lapidary/contracts/limits';
import type { Api } from './api.js';

/** The calls about limits, and what comes of them; each region keeps its own. */
export class LimitsApi {
  constructor(private readonly api: Api) {}

  async show(region: string): Promise<LimitsView> {
    return (await this.api.http.request('GET', paths.limitsPath(region), { schema: LimitsSchema })).value;
  }

  async traffic(region: string): Promise<Traffic> {
    return (await this.api.http.request('GET', paths.trafficPath(region), { schema: TrafficSchema })).value;
  }

  /** Refused where somebody else has changed them since `version`. */
  async replace(region: string, version: number, document: LimitsDocument, reason: string | undefined): Promise<LimitsView> {
    const answer = await this.api.http.request('PUT', paths.limitsPath(region), {
      schema: LimitsSchema,
      body: document,
      query: { reason },
      ifMatch: `"${version}"`,
      idempotencyKey: newId(),
    });
    return answer.value;
  }
}
