import { isTenantId, regionOfDrift, regionOfJob, regionOfRollout, regionOfStamp } from '@lapidary/kernel/names';

/** What the API needs to know of a request to tell whose it is. */
export interface IncomingRequest {
  readonly method: string;
  /** Path with query. */
  readonly url: string;
  readonly body: unknown;
}

/** The region named by the request itself, a tenant whose home region decides, or neither: it is for whoever got it. */
export type Belongs = { readonly region: string } | { readonly tenant: string } | null;

const decoded = (part: string | undefined): string => {
  try {
    return decodeURIComponent(part ?? '');
  } catch {
    return '';
  }
};

/** `/v1/jobs/dead-letters`: no job's id, and each letter's id names its region as a job's does. */
const deadLetters = 'dead-letters';

/**
 * Whose a request is (single writer per key). Reads of stamps, tenants and regions are answered from the replicas here,
 * so that a region that is cut off still shows the fleet (P-GE6); jobs and decisions are kept by their own region only.
 */
export const belongsTo = ({ method, url, body }: IncomingRequest): Belongs => {
  // By hand: a parser of URLs would resolve "..", and take "//x" for a host, where the router does neither.
  const [pathname] = url.split('?', 1);
  const searchParams = new URLSearchParams(url.slice(pathname!.length));
  const [version, noun, rawId, verb] = pathname!.split('/').slice(1);
  if (version !== 'v1') return null;
  const id = decoded(rawId);
  const isRead = method === 'GET' || method === 'HEAD';
  const named = (region: string | null | undefined): Belongs => (region ? { region } : null);
  switch (noun) {
    case 'stamps':
      // A plan is made where the stamp's state is; what is in the way of retiring it, its own region knows.
      return isRead && verb !== 'retirement' && verb !== 'plan' ? null : named(regionOfStamp(id));
    case 'plans':
      return named(bodyRegion(body));
    case 'regions':
      return verb === 'observations' || verb === 'event-schemas' ? named(id) : null;
    case 'rollouts':
      // Whoever can't hear its region gives it up.
      return verb === 'give-up' ? null : named(regionOfRollout(id));
    case 'jobs':
      if (id === deadLetters) return verb === undefined ? named(searchParams.get('region')) : named(regionOfJob(decoded(verb)));
      return id === '' ? named(searchParams.get('region')) : named(regionOfJob(id));
    case 'dead-letters':
    case 'intents':
      return id === '' ? named(searchParams.get('region')) : named(regionOfJob(id));
    case 'drift':
      return named(verb ? regionOfDrift(decoded(verb)) : isRead ? searchParams.get('region') : driftRegion(body));
    case 'capacity':
    case 'limits':
    case 'traffic':
      return named(id);
    case 'audit':
    case 'route':
    case 'conflicts':
    case 'geode':
      return named(searchParams.get('region'));
    case 'tenants':
      if (id === '') return isRead ? null : named(bodyRegion(body));
      return (isRead && verb !== 'explain') || !isTenantId(id) ? null : { tenant: id };
    default:
      return null;
  }
};

/** /v1/drift/<collection>: a run names a region or a stamp, a suppression a finding or a subject. */
const driftRegion = (body: unknown): string | null => {
  const text = (key: string): string => {
    const value = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[key] : undefined;
    return typeof value === 'string' ? value : '';
  };
  return (
    bodyRegion(body) ??
    regionOfStamp(text('stamp')) ??
    regionOfDrift(text('finding')) ??
    regionOfStamp(text('subject').replace(/^stamp\//, ''))
  );
};

const bodyRegion = (body: unknown): string | null => {
  const region = typeof body === 'object' && body !== null && 'region' in body ? body.region : null;
  return typeof region === 'string' ? region : null;
};
