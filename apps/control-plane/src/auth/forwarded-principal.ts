import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { AppError } from '@lapidary/kernel/app-error';
import { PrincipalSchema, type Principal } from './principal.js';

/**
 * A request that another geode forwarded enters through Fastify's `inject`. Who it is for travels in two headers that
 * are signed with a key made at start and never told: nothing from outside the process can forge them.
 */
const processKey = randomBytes(32);

const principalHeader = 'x-lapidary-forwarded-principal';
const sealHeader = 'x-lapidary-forwarded-seal';

const sealOf = (text: string): string => createHmac('sha256', processKey).update(text).digest('hex');

/** Headers to put on the injected request. */
export const sealPrincipal = (principal: Principal): Record<string, string> => {
  const text = Buffer.from(JSON.stringify({ ...principal, via: 'peer' })).toString('base64url');
  return { [principalHeader]: text, [sealHeader]: sealOf(text) };
};

/** The principal of a forwarded request, or null where the request is an ordinary one. A false seal is refused. */
export const openPrincipal = (headers: Readonly<Record<string, string | string[] | undefined>>): Principal | null => {
  const text = headers[principalHeader];
  const seal = headers[sealHeader];
  if (text === undefined && seal === undefined) return null;
  if (typeof text !== 'string' || typeof seal !== 'string') throw new AppError('unauthenticated');
  const expected = Buffer.from(sealOf(text));
  const given = Buffer.from(seal);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new AppError('unauthenticated');
  return PrincipalSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
};
