import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { RouterPolicy } from '@lapidary/router/traffic-policy/router-policy';
import { noisyPerSecond, noisyTenant } from './peer-configs.ts';

/** Never reached, as with the peers: the cost of counting is measured, not the refusal. */
const manyPerSecond = 1_000_000;
const room = 8_000;

/** What our own are limited by when they are measured. */
export const benchPolicy = (): RouterPolicy => {
  const policy = new RouterPolicy();
  policy.limitBy(
    LimitsDocumentSchema.parse({
      tiers: { standard: { priority: 1, limits: [{ kind: 'token_bucket', perSecond: manyPerSecond, burst: manyPerSecond }] } },
      tenants: { [noisyTenant]: { limits: [{ kind: 'token_bucket', perSecond: noisyPerSecond, burst: noisyPerSecond }] } },
      stamps: {
        default: { inFlightMax: room, tenantInFlightMax: room, doorInUseMax: room, shedding: false },
        'eu-9': { inFlightMax: 64, tenantInFlightMax: 64 },
      },
    }),
  );
  return policy;
};
