import fc from 'fast-check';
import { belongsTo } from './request-region.js';

const of = (method: string, url: string, body: unknown = null) => belongsTo({ method, url, body });
const job = 'us.01ARZ3NDEKTSV4RRFFQ69G5FAV';

describe('whose a request is', () => {
  it.each([
    ['POST', '/v1/stamps/us-2/provision', { region: 'us' }],
    ['POST', '/v1/stamps/us-2/cordon?x=1', { region: 'us' }],
    ['GET', '/v1/stamps/us-2/retirement', { region: 'us' }],
    ['GET', '/v1/stamps/us-2/plan', { region: 'us' }],
    ['POST', '/v1/stamps/us-2/plan', { region: 'us' }],
    ['GET', `/v1/jobs/${job}`, { region: 'us' }],
    ['GET', `/v1/jobs/${job}/events?wait=20`, { region: 'us' }],
    ['POST', `/v1/jobs/${job}/cancel`, { region: 'us' }],
    ['GET', '/v1/jobs?region=us', { region: 'us' }],
    ['GET', '/v1/jobs/dead-letters?region=us', { region: 'us' }],
    ['GET', '/v1/audit?region=us', { region: 'us' }],
    ['GET', '/v1/audit/verify?region=us', { region: 'us' }],
    ['POST', `/v1/jobs/dead-letters/${job}/replay`, { region: 'us' }],
    ['GET', '/v1/capacity/us', { region: 'us' }],
    ['GET', '/v1/capacity/us/decisions?limit=5', { region: 'us' }],
    ['GET', '/v1/route?host=a.b&region=us', { region: 'us' }],
    ['GET', '/v1/regions/us/observations?windows=1', { region: 'us' }],
    ['GET', '/v1/drift?region=us', { region: 'us' }],
    ['GET', '/v1/drift/findings?region=us', { region: 'us' }],
    ['GET', `/v1/drift/runs/${job}`, { region: 'us' }],
    ['DELETE', `/v1/drift/suppressions/${job}?region=eu`, { region: 'us' }],
    ['DELETE', '/v1/tenants/acme', { tenant: 'acme' }],
    ['PATCH', '/v1/tenants/acme', { tenant: 'acme' }],
    ['GET', '/v1/tenants/acme/explain', { tenant: 'acme' }],
    ['POST', '/v1/rollouts/us.01JAAAAAAAAAAAAAAAAAAAAAAA/abort', { region: 'us' }],
    ['POST', '/v1/rollouts/us.01JAAAAAAAAAAAAAAAAAAAAAAA/give-up', null],
  ])('%s %s is decided by the name in it', (method, url, expected) => {
    expect(of(method, url)).toEqual(expected);
  });

  it('of plans is decided by the region in the body, and is for whoever got it without one', () => {
    expect(of('POST', '/v1/plans', { region: 'us' })).toEqual({ region: 'us' });
    expect(of('POST', '/v1/plans', {})).toBeNull();
  });

  it('of a new tenant is decided by the region in its body', () => {
    expect(of('POST', '/v1/tenants?wait=5', { id: 'acme', region: 'us' })).toEqual({ region: 'us' });
    for (const body of [null, 'us', [], { region: 7 }, {}]) expect(of('POST', '/v1/tenants', body)).toBeNull();
  });

  it.each([
    [{ region: 'us' }, 'us'],
    [{ stamp: 'us-1' }, 'us'],
    [{ finding: job }, 'us'],
    [{ subject: 'stamp/us-1', kind: 'spec' }, 'us'],
    [{ subject: 'sensor/spec', kind: 'sensor' }, null],
    [{ stamp: 7 }, null],
    [null, null],
  ])('of drift is decided by what its body %j names', (body, region) => {
    expect(of('POST', '/v1/drift/runs', body)).toEqual(region && { region });
  });

  it.each([
    ['GET', '/v1/drift/findings'],
    ['GET', '/v1/stamps/us-2'],
    ['GET', '/v1/stamps?region=us'],
    ['GET', '/v1/tenants/acme'],
    ['GET', '/v1/tenants?region=us'],
    ['GET', '/v1/regions/us'],
    ['GET', '/v1/jobs'],
    ['GET', '/v1/jobs/dead-letters'],
    ['GET', '/v1/events'],
    ['GET', '/healthz'],
    ['POST', '/v1/stamps/%E0%A4%A/cordon'],
    ['POST', '/v1/session'],
    ['GET', '//'],
    ['GET', '//x:y/v1/jobs?region=us'],
    ['GET', '/v1/x/../jobs?region=us'],
  ])('%s %s is answered here, from replicas or by refusal', (method, url) => {
    expect(of(method, url)).toBeNull();
  });

  it('is told without throwing for every path', () => {
    fc.assert(
      fc.property(fc.constantFrom('GET', 'POST'), fc.webPath(), fc.anything(), (method, path, body) => void of(method, `/v1${path}`, body)),
    );
  });
});
