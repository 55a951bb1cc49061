import { z } from 'zod';
import { TokensApi } from '../client/tokens-api.js';
import type { Command } from '../invocation.js';
import { tokensTable } from '../output/token-text.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';

const Options = z.object({ limit: LimitField });

export const tokensLs: Command = async (invocation) => {
  const { limit } = invocation.parse(Options, invocation.options);
  const page = await new TokensApi(invocation.connect()).list(limit);
  await printList(invocation.output, page, { name: (token) => token.name, table: tokensTable, empty: 'No tokens.' });
};
