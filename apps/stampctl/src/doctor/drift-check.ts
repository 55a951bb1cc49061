import type { DriftStatus } from '@lapidary/contracts/api/drift';
import { notLookedAt } from '@lapidary/contracts/api/drift-order';
import type { Api } from '../client/api.js';
import { askRegions } from '../client/ask-regions.js';
import { DriftApi } from '../client/drift-api.js';
import { ago } from '../output/human-time.js';
import { ok, warn, type Finding } from './finding.js';

/** Drift of every region that answers; those that don't are told of by their links. */
export const driftFindings = async (api: Api): Promise<Finding[]> => {
  const drift = new DriftApi(api);
  const { items } = await askRegions(api, undefined, async (region) => [await drift.status(region)]);
  return items.flatMap(ofRegion);
};

const ofRegion = ({ region, open, oldestOpen, suppressed, blind, lastRun, isOverdue, failed, quarantined }: DriftStatus): Finding[] => {
  const check = `drift ${region}`;
  const count = open.info + open.warning + open.critical;
  const findings: Finding[] = [];
  if (isOverdue || failed !== null) {
    const looked = lastRun === null ? 'nobody has looked yet' : `looked ${ago(lastRun.finishedAt, Date.now())}, which is old`;
    const why = failed === null ? '' : `; ${failed.runs} failed since: ${failed.error}`;
    findings.push(
      warn(check, `${isOverdue || lastRun === null ? looked : 'looks fail'}${why}`, 'See docs/runbooks/drift_sensor_blind.md.'),
    );
  }
  if (blind.length > 0)
    findings.push(
      warn(
        check,
        `the sensors ${blind.join(', ')} miss what is planted for them`,
        'They may miss real drift too: docs/runbooks/drift_sensor_blind.md',
      ),
    );
  if (count > 0) {
    const left = quarantined > 0 ? `, ${quarantined} quarantined` : '';
    const worst = `${open.critical > 0 ? `, ${open.critical} critical` : ''}${left}`;
    findings.push(
      warn(
        check,
        `${count} ${count === 1 ? 'differs' : 'differ'}${worst}; the oldest since ${ago(oldestOpen, Date.now())}`,
        `See "stampctl drift ls --region ${region}".`,
      ),
    );
  }
  if (findings.length > 0) return findings;
  const left = lastRun === null ? 0 : notLookedAt(lastRun).length;
  const nothing = left === 0 ? 'nothing differs' : `nothing differs of what was looked at, ${left} looks were left out`;
  const looked = lastRun === null ? 'not looked yet' : `${nothing}; looked ${ago(lastRun.finishedAt, Date.now())}`;
  return [ok(check, suppressed === 0 ? looked : `${looked}; ${suppressed} hidden by suppressions`)];
};
