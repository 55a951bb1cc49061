import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import type { ErrorCode } from '@lapidary/kernel/error-catalogue';

export type Admitted =
  | { readonly ok: true; readonly stamp: StampRoute; readonly reason: string }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string; readonly retryAfterSeconds?: number };

/** Room is made by people or by policy, in tens of seconds at best. */
const pendingRetrySeconds = 10;
/** A switch takes a second or two. */
const movingRetrySeconds = 1;
/** A stamp that restarts is back within seconds. */
const stampRetrySeconds = 2;

const stampMissing = (reason: string): Admitted => ({ ok: false, code: 'stamp_unavailable', reason, retryAfterSeconds: stampRetrySeconds });

/** Whether the request may go to the stamp. Limits and breakers are rules of this stage too, as `pipeline/admit-*.ts`. */
export const admit = (tenant: TenantRoute, stamp: StampRoute | undefined): Admitted => {
  switch (tenant.status) {
    case 'pending':
      return { ok: false, code: 'tenant_pending', reason: 'the tenant waits for room', retryAfterSeconds: pendingRetrySeconds };
    case 'suspended':
      return { ok: false, code: 'tenant_suspended', reason: 'the tenant is suspended' };
    case 'deleted':
      return { ok: false, code: 'unknown_tenant', reason: 'the tenant is deleted' };
    case 'placed':
      break;
  }
  if (tenant.frozen === true)
    return {
      ok: false,
      code: 'tenant_moving',
      reason: 'the tenant is being moved to another stamp',
      retryAfterSeconds: movingRetrySeconds,
    };
  if (tenant.stamp === null) return stampMissing('the tenant is on no stamp');
  if (!stamp) return stampMissing(`the directory has no stamp "${tenant.stamp}"`);
  if (stamp.status !== 'active') return stampMissing(`stamp ${stamp.stamp} is ${stamp.status}`);
  return { ok: true, stamp, reason: `tenant placed, stamp ${stamp.stamp} active` };
};
