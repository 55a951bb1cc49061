import type { FrozenTenant } from '../../tenants/frozen-tenants.js';
import { plantedName } from '../upkeep-facts.js';
import type { Sensor } from './sensor.js';

/** Long enough for whoever ends freezes to have come round, several times over. */
const overdueMs = 60_000;
/** A freeze that nobody gave an end is for something that is over by then, or was forgotten. */
const endlessMs = 3_600_000;

/** Why a freeze needs somebody to look at it; null: it does not. */
export const wrongOf = ({ endsAt, changedAt }: FrozenTenant, nowMs: number): string | null => {
  if (endsAt !== null) return nowMs - endsAt > overdueMs ? `still frozen, to end at ${new Date(endsAt).toISOString()}` : null;
  return nowMs - changedAt > endlessMs ? `frozen with no end, at least since ${new Date(changedAt).toISOString()}` : null;
};

/** Tenants of this region whose requests nobody forwards, for longer than was said (docs/adr/0061). */
export const freezeSensor: Sensor = {
  kind: 'freeze',
  reads: ['upkeep'],
  *look({ facts, nonce, isOfOneStamp }) {
    if (isOfOneStamp) return;
    const { tenants, found } = facts.upkeep.frozen;
    const wrong = tenants.flatMap((tenant) => {
      const observed = wrongOf(tenant, Date.now());
      return observed === null ? [] : [{ tenant: tenant.id, observed }];
    });
    const isPlanted = (id: string): boolean => id === plantedName(nonce);
    yield {
      kind: 'freeze',
      looked: [...new Set([...found, ...tenants.filter(({ id }) => !isPlanted(id)).map(({ id }) => `tenant/${id}`)])],
      skipped: [],
      differences: wrong
        .filter(({ tenant }) => !isPlanted(tenant))
        .map(({ tenant, observed }) => ({
          ...{ kind: 'freeze', subject: `tenant/${tenant}`, path: 'traffic', owner: facts.defaultOwner },
          expected: 'forwarded, or frozen until a time to come',
          observed,
          severity: 'warning',
        })),
      planted: wrong.some(({ tenant }) => isPlanted(tenant)) ? 'found' : 'missed',
    };
  },
};
