import { AppError } from '@lapidary/kernel/app-error';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import './request-augmentation.js';
import type { CredentialCheck } from './credential-check.js';
import { credentialsOf, isOwnOrigin } from './credentials.js';
import { openSealed } from './forwarded-principal.js';
import type { Principal } from './principal.js';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Checks the Origin itself, and needs no credentials. */
const isSessionBegin = (request: FastifyRequest): boolean => request.method === 'POST' && request.routeOptions.url === '/v1/session';

/**
 * Pages and what supervisors and load balancers ask are for everybody. Whoever sends credentials along must learn no other answer while the database is
 * away, and the files of a page ask for nobody's session.
 */
const apiPrefix = '/v1/';

/**
 * Fills `request.principal` before any other hook or handler sees the request. Nobody (null) is not refused here: pages
 * and health checks are for everybody, and RoleGuard refuses the rest. Who forwards a request to another region must
 * refuse null itself.
 */
export const installAuthentication = (fastify: FastifyInstance, check: CredentialCheck): void => {
  fastify.decorateRequest('principal', null);
  fastify.decorateRequest('intent', null);
  fastify.addHook('onRequest', async (request) => {
    if (!request.url.startsWith(apiPrefix)) return;
    const sealed = openSealed(request.headers);
    request.intent = sealed?.intent ?? null;
    request.principal = sealed?.principal ?? (await authenticate(request, check));
  });
};

const authenticate = async (request: FastifyRequest, check: CredentialCheck): Promise<Principal | null> => {
  const credentials = credentialsOf(request.headers);
  if (!credentials) return null;
  const principal = await check.identify(credentials, { ip: request.ip, requestId: request.id, entry: credentials.via });
  if (principal === null) {
    // A page may be loaded, and a session begun, with a cookie that has run out; a wrong token is always a mistake.
    if (credentials.via === 'cookie') return null;
    throw new AppError('unauthenticated');
  }
  if (credentials.via === 'cookie' && !safeMethods.has(request.method) && !isSessionBegin(request) && !isOwnOrigin(request.headers)) {
    throw new AppError('forbidden', 'A request with the session cookie must come from the console’s own page (Origin)');
  }
  return principal;
};
