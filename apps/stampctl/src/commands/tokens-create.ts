import { createHash, randomBytes } from 'node:crypto';
import { BindingSchema, CreateTokenSchema, everyRegion } from '@lapidary/contracts/api/tokens';
import { z } from 'zod';
import { TokensApi } from '../client/tokens-api.js';
import { parseDurationMs } from '../context/duration.js';
import type { Command } from '../invocation.js';
import { tokenFacts } from '../output/token-text.js';
import { required } from './fields.js';

/** 256 random bits need no slow hash: they can't be guessed. */
const secretBytes = 32;
const RolesField = z
  .array(z.string())
  .transform((given) => given.map((text) => text.split('@')).map(([role, region = everyRegion]) => ({ role, region })))
  .pipe(z.array(BindingSchema));

/** The secret is made here, shown once, and never sent: the control plane is told its digest. */
export const tokensCreate: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const given = required(options.role, '--role', 'Say in which role: --role viewer, --role operator@eu; may be repeated.');
  const { role: bindings } = invocation.parse(z.object({ role: RolesField }), { role: given });
  const validFor = options.validFor === undefined ? undefined : parseDurationMs(String(options.validFor));
  const secret = randomBytes(secretBytes).toString('base64url');
  const body = invocation.parse(CreateTokenSchema, {
    name: args[0],
    sha256: createHash('sha256').update(secret).digest('hex'),
    bindings,
    ...(validFor === undefined ? {} : { expiresAt: new Date(Date.now() + validFor).toISOString() }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  });
  const token = await new TokensApi(invocation.connect()).create(body);
  output.hint('The secret is shown this once; nobody can show it again. It is used as STAMPCTL_TOKEN, or to sign in to the console.');
  await output.result({ data: { ...token, secret }, name: token.name, table: (view) => tokenFacts(token, secret, view) });
};
