import { intentCancelPath, intentPath, intentsPath } from '@lapidary/contracts/api/paths';
import { IntentDetailSchema, IntentPageSchema, IntentSchema, type IntentDetail, type IntentView } from '@lapidary/contracts/api/intents';
import { newId } from '@lapidary/kernel/ids';
import type { Api } from './api.js';

/** Commands that wait for another region. */
export class IntentsApi {
  constructor(private readonly api: Api) {}

  async list(query: Readonly<Record<string, string | undefined>>, limit: number): Promise<{ items: IntentView[]; next: string | null }> {
    return this.api.all(intentsPath, IntentPageSchema, query, limit);
  }

  async show(id: string): Promise<IntentDetail> {
    return (await this.api.http.request('GET', intentPath(id), { schema: IntentDetailSchema })).value;
  }

  async cancel(id: string, reason: string | undefined): Promise<IntentView> {
    const options = { schema: IntentSchema, body: reason === undefined ? {} : { reason }, idempotencyKey: newId() };
    return (await this.api.http.request('POST', intentCancelPath(id), options)).value;
  }
}
