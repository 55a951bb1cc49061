import { RevokeTokenSchema, TokenNameSchema } from '@lapidary/contracts/api/tokens';
import { z } from 'zod';
import { TokensApi } from '../client/tokens-api.js';
import type { Command } from '../invocation.js';
import { tokenFacts } from '../output/token-text.js';
import { required } from './fields.js';

const Input = z.object({ name: TokenNameSchema }).extend(RevokeTokenSchema.shape);

export const tokensRevoke: Command = async (invocation) => {
  const given = required(invocation.options.reason, '--reason', 'Say why: the reason stays in the audit log.');
  const { name, reason } = invocation.parse(Input, { name: invocation.args[0], reason: given });
  const token = await new TokensApi(invocation.connect()).revoke(name, reason);
  invocation.output.hint(`${name} is good for nothing from now on, and neither are the sessions that were begun with it.`);
  await invocation.output.result({ data: token, name: token.name, table: (view) => tokenFacts(token, null, view) });
};
