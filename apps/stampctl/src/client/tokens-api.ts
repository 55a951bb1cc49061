import * as paths from '@lapidary/contracts/api/paths';
import { TokenPageSchema, TokenSchema, type CreateToken, type TokenView } from '@lapidary/contracts/api/tokens';
import { newId } from '@lapidary/kernel/ids';
import type { Api } from './api.js';

/** The calls about who may call a region. */
export class TokensApi {
  constructor(private readonly api: Api) {}

  async list(limit: number): Promise<{ readonly items: readonly TokenView[]; readonly next: string | null }> {
    return await this.api.all(paths.tokensPath, TokenPageSchema, {}, limit);
  }

  async create(body: CreateToken): Promise<TokenView> {
    return (await this.api.http.request('POST', paths.tokensPath, { schema: TokenSchema, body, idempotencyKey: newId() })).value;
  }

  async revoke(name: string, reason: string): Promise<TokenView> {
    const options = { schema: TokenSchema, body: { reason }, idempotencyKey: newId() };
    return (await this.api.http.request('POST', paths.tokenRevokePath(name), options)).value;
  }
}
