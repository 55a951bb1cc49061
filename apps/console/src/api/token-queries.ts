import { queryOptions } from '@tanstack/react-query';
import { pageLimitMax } from '@lapidary/contracts/api/common';
import * as paths from '@lapidary/contracts/api/paths';
import { TokenPageSchema, TokenSchema, type CreateToken, type TokenView } from '@lapidary/contracts/api/tokens';
import { getJson, postJson } from './client.js';

/** No event tells of tokens. */
const tokensIntervalMs = 10_000;
/** More than this are read with the command line rather than by eye. */
export const tokensMax = 2_000;

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: async (): Promise<{ readonly items: readonly TokenView[]; readonly truncated: boolean }> => {
    const items: TokenView[] = [];
    let cursor: string | undefined;
    do {
      const page = await getJson(paths.tokensPath, TokenPageSchema, { limit: pageLimitMax, cursor });
      items.push(...page.items);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined && items.length < tokensMax);
    return { items, truncated: cursor !== undefined };
  },
  refetchInterval: tokensIntervalMs,
});

export const createToken = (body: CreateToken): Promise<TokenView> => postJson(paths.tokensPath, TokenSchema, body);
export const revokeToken = (name: string, reason: string): Promise<TokenView> =>
  postJson(paths.tokenRevokePath(name), TokenSchema, { reason });
