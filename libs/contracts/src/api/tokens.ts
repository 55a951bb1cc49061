import { z } from 'zod';
import { pageOf, RegionNameSchema, TimeSchema } from './common.js';

export const roles = ['viewer', 'operator', 'admin'] as const;
/** Every region, in a binding. */
export const everyRegion = '*';
/** More roles than this for one caller is a list that nobody reads. */
const bindingsMax = 50;

/** Rows of the audit name the caller by it, and it stays taken: nothing that could be taken for another part of an address. */
export const TokenNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$/, 'a token’s name is up to 100 letters, digits and . _ @ -')
  .meta({ description: 'Name of a token; who calls is `token:<name>`', example: 'deploys' });

export const BindingSchema = z
  .strictObject({
    role: z.enum(roles),
    region: z.union([z.literal(everyRegion), RegionNameSchema]).meta({ description: 'A region, or * for every one' }),
  })
  .meta({ id: 'RoleBinding' });
export type Binding = z.infer<typeof BindingSchema>;

export const TokenSchema = z
  .object({
    name: TokenNameSchema,
    bindings: z.array(BindingSchema),
    createdAt: TimeSchema,
    expiresAt: TimeSchema.nullable(),
    revokedAt: TimeSchema.nullable(),
    heldAt: TimeSchema.nullable().meta({ description: 'Since when it waits for somebody to say that it is still good, after a restore' }),
  })
  .meta({ id: 'Token' });
export type TokenView = z.infer<typeof TokenSchema>;

export const tokenStates = ['good', 'held', 'ended', 'revoked'] as const;
/** What a token is worth at a time, in milliseconds since 1970: only a good one lets anybody in. */
export const tokenStateAt = (token: Pick<TokenView, 'revokedAt' | 'expiresAt' | 'heldAt'>, nowMs: number): (typeof tokenStates)[number] => {
  if (token.revokedAt !== null) return 'revoked';
  if (token.expiresAt !== null && Date.parse(token.expiresAt) <= nowMs) return 'ended';
  return token.heldAt === null ? 'good' : 'held';
};

export const TokenPageSchema = pageOf(TokenSchema).meta({ id: 'TokenPage' });

export const CreateTokenSchema = z
  .strictObject({
    name: TokenNameSchema,
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'is the SHA-256 of the secret, in 64 hexadecimal digits')
      .meta({
        description: 'Of a secret that the caller has made from at least 256 random bits, and that is never sent here before it is used',
      }),
    bindings: z.array(BindingSchema).min(1).max(bindingsMax),
    expiresAt: TimeSchema.optional().meta({ description: 'Left out: good until it is revoked' }),
    reason: z.string().min(1).max(500).optional(),
  })
  .meta({ id: 'CreateToken' });
export type CreateToken = z.infer<typeof CreateTokenSchema>;

export const RevokeTokenSchema = z.strictObject({ reason: z.string().min(1).max(500) }).meta({ id: 'RevokeToken' });
