import { epochHeader, requestIdHeader, tenantHeader } from '@lapidary/contracts/workload';
import { AppError } from '@lapidary/kernel/app-error';
import { isTenantId, type TenantId } from '@lapidary/kernel/names';

/** Whom a request is for, as the stamp agent vouches. The agent has checked tenant and epoch before the workload sees them. */
export interface TenantContext {
  readonly tenant: TenantId;
  /** Epoch of the placement the router went by; 0 where a workload is run without an agent, as in its own tests. */
  readonly epoch: number;
  readonly requestId: string | null;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * What a workload calls first for each request (the SDK is optional: reading one header does the same). Throws
 * `misdirected` where the header is missing or not one valid tenant: such a request did not come through the agent.
 */
export const readTenantContext = (headers: Headers): TenantContext => {
  const tenant = headers[tenantHeader];
  if (typeof tenant !== 'string' || !isTenantId(tenant)) {
    throw new AppError('misdirected', `The request names no tenant: "${tenantHeader}" is missing or malformed`);
  }
  const epoch = Number(headers[epochHeader] ?? 0);
  const requestId = headers[requestIdHeader];
  return { tenant, epoch: Number.isSafeInteger(epoch) ? epoch : 0, requestId: typeof requestId === 'string' ? requestId : null };
};
