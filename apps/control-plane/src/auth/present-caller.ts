import { AppError } from '@lapidary/kernel/app-error';
import type { FastifyRequest } from 'fastify';
import type { Authenticator } from './authenticator.js';
import { credentialsOf } from './credentials.js';
import { requireRole, type Principal } from './principal.js';
import './request-augmentation.js';

/**
 * Who stands behind a request that is answered for as long as somebody listens, asked anew with each call: a token that was revoked, has
 * run out or lost its role ends what was begun with it. Throws unauthenticated, or forbidden as RoleGuard does for who reads.
 */
export const presentCaller =
  (authenticator: Authenticator, { principal: first, headers }: Pick<FastifyRequest, 'principal' | 'headers'>) =>
  async (): Promise<Principal> => {
    // Nobody would ever hear it: an answer to another region is sent when it is whole.
    if (first?.via === 'peer') throw new AppError('forbidden', 'A stream is listened to in a region, not through another one');
    const credentials = credentialsOf(headers);
    const principal = credentials && (await authenticator.identify(credentials));
    if (!principal) throw new AppError('unauthenticated');
    if (principal.stamp === undefined) requireRole(principal, 'viewer');
    return principal;
  };

/** Whether an error of `presentCaller` says that the right is gone, and not that nobody can tell at the moment. */
export const isRightGone = (error: unknown): boolean =>
  error instanceof AppError && (error.code === 'unauthenticated' || error.code === 'forbidden');
