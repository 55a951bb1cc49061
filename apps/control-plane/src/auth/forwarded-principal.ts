import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { AppError } from '@lapidary/kernel/app-error';
import { z } from 'zod';
import type { ClaimedIntent } from './claimed-intent.js';
import { PrincipalSchema, type Principal } from './principal.js';

/**
 * A request that another geode forwarded enters through Fastify's `inject`. Who it is for travels in two headers that
 * are signed with a key made at start and never told: nothing from outside the process can forge them.
 */
const processKey = randomBytes(32);

const principalHeader = 'x-lapidary-forwarded-principal';
const sealHeader = 'x-lapidary-forwarded-seal';

const sealOf = (text: string): string => createHmac('sha256', processKey).update(text).digest('hex');

const SealedSchema = z.object({
  principal: PrincipalSchema,
  intent: z.object({ origin: z.string(), id: z.string(), expiresAt: z.string() }).nullable(),
});
export type Sealed = z.infer<typeof SealedSchema>;

/** Headers to put on the injected request; with `intent`, the request is the execution of that one. */
export const sealPrincipal = (principal: Principal, intent: ClaimedIntent | null = null): Record<string, string> => {
  const sealed: Sealed = { principal: { ...principal, via: 'peer' }, intent };
  const text = Buffer.from(JSON.stringify(sealed)).toString('base64url');
  return { [principalHeader]: text, [sealHeader]: sealOf(text) };
};

/** Who a forwarded request is for, or null where the request is an ordinary one. A false seal is refused. */
export const openSealed = (headers: Readonly<Record<string, string | string[] | undefined>>): Sealed | null => {
  const text = headers[principalHeader];
  const seal = headers[sealHeader];
  if (text === undefined && seal === undefined) return null;
  if (typeof text !== 'string' || typeof seal !== 'string') throw new AppError('unauthenticated');
  const expected = Buffer.from(sealOf(text));
  const given = Buffer.from(seal);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new AppError('unauthenticated');
  return SealedSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
};
