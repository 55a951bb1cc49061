import type { TenantRoute } from '@lapidary/contracts/directory';
import { tenantRoute } from '../routes.fixture.js';
import { reside, type RouterPlace } from './reside.js';

const tenant = (strictIn?: string[]): TenantRoute => tenantRoute({ strictIn });
const us: RouterPlace = { region: 'us', jurisdiction: 'us', strictRedirects: { eu: 'https://{tenant}.eu.example.net/' } };

describe('strict residency (I3)', () => {
  it.each([
    ['a tenant that is not strict', undefined, us, true],
    ['a strict tenant in the router’s region', ['eu', 'us'], { ...us, jurisdiction: '' }, true],
    ['a strict tenant in the router’s jurisdiction', ['us'], { ...us, region: 'us-west' }, true],
    ['a strict tenant elsewhere', ['eu'], us, false],
    ['a strict tenant, and a router that knows no jurisdiction', ['usa'], { ...us, jurisdiction: '' }, false],
    ['a strict tenant that names nothing', [], { ...us, jurisdiction: '' }, false],
  ])('%s', (_, strictIn, place, ok) => expect(reside(tenant(strictIn), place, 'GET', '/').ok).toBe(ok));

  it.each([
    ['GET', 308],
    ['HEAD', 308],
    ['POST', 307],
    ['DELETE', 307],
  ])('%s is sent to a router inside with %d, so that the method stays', (method, status) => {
    const headers = { location: 'https://acme.eu.example.net/a?b=c' };
    expect(reside(tenant(['eu']), us, method, '/a?b=c')).toMatchObject({ code: 'outside_jurisdiction', status, headers });
  });

  it('without a router inside that is known, it only closes', () => {
    expect(reside(tenant(['ch']), us, 'GET', '/')).toMatchObject({ status: undefined, headers: {} });
  });
});
