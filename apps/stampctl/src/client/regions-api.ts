import { GivenUpRegionSchema, type GivenUpRegion, type GiveUpRegion } from '@lapidary/contracts/api/given-up-regions';
import { regionGiveUpPath } from '@lapidary/contracts/api/paths';
import { newId } from '@lapidary/kernel/ids';
import type { HttpClient } from './http-client.js';

/** What is told to regions as a whole. */
export class RegionsApi {
  constructor(private readonly http: HttpClient) {}

  async giveUp(region: string, body: GiveUpRegion): Promise<GivenUpRegion> {
    const options = { schema: GivenUpRegionSchema, body, idempotencyKey: newId() };
    return (await this.http.request('POST', regionGiveUpPath(region), options)).value;
  }
}
