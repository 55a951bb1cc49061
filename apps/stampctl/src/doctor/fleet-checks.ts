import { toAppError } from '@lapidary/kernel/app-error';
import type { GeodeView } from '@lapidary/contracts/api/replication';
import type { RegionView } from '@lapidary/contracts/api/regions';
import type { StampView } from '@lapidary/contracts/api/stamps';
import type { Api } from '../client/api.js';
import type { Target } from '../context/resolve-target.js';
import { healthText } from '../output/fleet-facts.js';
import { ago } from '../output/human-time.js';
import { driftFindings } from './drift-check.js';
import { fail, ok, warn, type Finding } from './finding.js';
import { readiness } from './readiness.js';

/** Beyond this share of its units a region should get its next stamp before the tenants come. */
const fullShare = 0.9;
/** Reserved for documentation (RFC 2606): belongs to no tenant, so a router that answers refuses it. */
const probeHost = 'doctor.invalid';

/** Regions, stamps, tenants, jobs and routers, as the control plane sees them. */
export const fleetChecks = async (api: Api, target: Target): Promise<Finding[]> => {
  const groups = await Promise.all([
    attempt('regions', api, async () => (await api.regions()).flatMap(regionFindings)),
    attempt('stamps', api, async () => stampsFindings((await api.stamps()).items)),
    attempt('jobs', api, () => jobFindings(api)),
    attempt('replication', api, async () => geodeFindings(await api.geode(undefined))),
    attempt('drift', api, () => driftFindings(api)),
    controlPlaneFindings(api, target),
    routerFindings(api, target),
  ]);
  return groups.flat();
};

const attempt = async (check: string, api: Api, look: () => Promise<Finding[]>): Promise<Finding[]> => {
  try {
    return await look();
  } catch (error) {
    api.http.signal.throwIfAborted();
    const { message, entry } = toAppError(error);
    return [fail(check, message, entry.check)];
  }
};

const geodeFindings = (geode: GeodeView): Finding[] =>
  geode.deadLetters === 0
    ? [ok('replication', 'every event that came could be applied')]
    : [
        warn(
          'replication',
          `${geode.deadLetters} events of other regions could not be applied in ${geode.region}`,
          'See them: stampctl dlq ls -o wide. Once their cause is mended: stampctl dlq replay.',
        ),
      ];

const regionFindings = (region: RegionView): Finding[] => {
  const findings: Finding[] = [];
  const check = `region ${region.name}`;
  if (region.link.state === 'cut') {
    findings.push(
      warn(
        check,
        `link cut since ${ago(region.link.cutSince, Date.now())}; both sides go on alone`,
        `Check the network between the regions, and the control plane and NATS of ${region.name}.`,
      ),
    );
  }
  if (region.pending > 0)
    findings.push(
      warn(
        check,
        `${region.pending} ${region.pending === 1 ? 'tenant waits' : 'tenants wait'} for room`,
        `Why, and what would help: stampctl capacity explain ${region.name}`,
      ),
    );
  else if (region.capacity.units > 0 && region.used.units >= fullShare * region.capacity.units) {
    findings.push(
      warn(
        check,
        `${region.used.units} of ${region.capacity.units} units are taken`,
        `Whether another stamp is due: stampctl capacity explain ${region.name}`,
      ),
    );
  }
  return findings.length > 0
    ? findings
    : [
        ok(
          check,
          `${region.link.state === 'self' ? 'answers here' : 'linked'}, ${region.used.units} of ${region.capacity.units} units taken`,
        ),
      ];
};

const stampsFindings = (stamps: readonly StampView[]): Finding[] => {
  const live = stamps.filter((s) => s.status !== 'retired');
  if (live.length === 0) return [warn('stamps', 'there are none', 'Make one: stampctl provision <region>-1')];
  const unwell = live.flatMap((s): Finding[] => {
    const show = `See "stampctl stamps show ${s.name}".`;
    if (s.status === 'failed')
      return [fail(`stamp ${s.name}`, 'its provisioning failed', `See "stampctl jobs ls --subject ${s.name}", then retry the job.`)];
    if (s.status === 'active' && s.health === 'dead') return [fail(`stamp ${s.name}`, `dead; ${healthText(s, Date.now())}`, show)];
    if (s.status === 'active' && s.health !== 'healthy')
      return [warn(`stamp ${s.name}`, `${s.health}; ${healthText(s, Date.now())}`, show)];
    return s.cordoned
      ? [warn(`stamp ${s.name}`, `cordoned: ${s.cordonReason ?? 'no reason given'}`, `When it is over: stampctl stamps uncordon ${s.name}`)]
      : [];
  });
  const well = live.filter((s) => s.status === 'active' && s.health === 'healthy').length;
  return [...(well > 0 ? [ok('stamps', `${well} of ${live.length} active and healthy`)] : []), ...unwell];
};

const jobFindings = async (api: Api): Promise<Finding[]> => {
  const [running, queued] = await Promise.all([api.jobs({ status: 'running' }, 20), api.jobs({ status: 'queued' }, 20)]);
  const open = [...running.items, ...queued.items];
  const letters = await api.deadLetters({}, 20);
  const dead =
    letters.items.length === 0
      ? []
      : [
          fail(
            'dead letters',
            `nobody got done: ${letters.items.map((l) => `${l.kind} ${l.subject ?? '(unreadable)'}`).join(', ')}`,
            'See "stampctl jobs dead-letters ls", then replay or drop each.',
          ),
        ];
  return [...dead, ok('jobs', open.length === 0 ? 'none under way' : `${open.length} under way: ${open.map((j) => j.subject).join(', ')}`)];
};

/** What each lacks: without its event stream it hears of no stamp, and all of them look unwell. Of a fleet that isn't local one is known. */
const controlPlaneFindings = async (api: Api, target: Target): Promise<Finding[]> => {
  const local = Object.entries(target.runFile?.run.regions ?? {});
  if (local.length === 0) return [await readiness('control plane', api.http.server)];
  return Promise.all(local.map(async ([region, { api: server }]) => readiness(`control plane ${region}`, server)));
};

/** A local fleet's routers are asked for themselves; elsewhere one router answers through the control plane. */
const routerFindings = async (api: Api, target: Target): Promise<Finding[]> => {
  const local = Object.entries(target.runFile?.run.regions ?? {});
  if (local.length > 0) return Promise.all(local.map(async ([region, { routerAdmin }]) => readiness(`router ${region}`, routerAdmin)));
  return attempt('router', api, async () => {
    const { router, directory } = await api.route(probeHost, '/', undefined);
    if (directory.source === 'live') return [ok('router', `${router} answers, ${directory.entries} directory entries`)];
    return [warn('router', `${router} serves from its copy on disk`, 'It has lost its NATS server; see its log.')];
  });
};
