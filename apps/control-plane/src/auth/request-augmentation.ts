import type { ClaimedIntent } from './claimed-intent.js';
import type { Principal } from './principal.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the authentication hook (auth/authenticate-hook.ts) before any handler; null on public paths without credentials. */
    principal: Principal | null;
    /** Set with the principal where the request executes another region's intent. */
    intent: ClaimedIntent | null;
  }
}
