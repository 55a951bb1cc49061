import fc from 'fast-check';
import { epochHeader, tenantHeader } from '@lapidary/contracts/workload';
import { fence, readPassport } from './fence.js';

const holding = (held: Record<string, number>) => (tenant: string) => (Object.hasOwn(held, tenant) ? held[tenant]! : 0);
const headers = (tenant: string, epoch: string): string[] => ['host', 'acme.lapidary.localhost', tenantHeader, tenant, epochHeader, epoch];

describe('the fence (I4)', () => {
  it('serves a tenant held at the epoch of the request, or newer', () => {
    expect(fence(holding({ acme: 3 }), headers('acme', '3'))).toEqual({ serve: true, tenant: 'acme', epoch: 3, heldEpoch: 3 });
    expect(fence(holding({ acme: 7 }), headers('acme', '3'))).toMatchObject({ serve: true, heldEpoch: 7 });
  });

  it('refuses a tenant held at an older epoch, with the epoch it holds', () => {
    expect(fence(holding({ acme: 2 }), headers('acme', '3'))).toEqual({
      serve: false,
      reason: 'older_epoch',
      tenant: 'acme',
      heldEpoch: 2,
    });
  });

  it('refuses a tenant it does not hold', () => {
    expect(fence(holding({ acme: 2 }), headers('bolt', '1'))).toEqual({ serve: false, reason: 'not_held', tenant: 'bolt', heldEpoch: 0 });
    expect(fence(holding({}), headers('constructor', '1'))).toMatchObject({ serve: false, reason: 'not_held' });
  });

  it('serves exactly where held ≥ requested ≥ 1', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), (held, requested) => {
        const decision = fence(holding({ acme: held }), headers('acme', String(requested)));
        expect(decision.serve).toBe(requested >= 1 && held >= requested);
      }),
    );
  });

  it.each([
    ['no headers', []],
    ['no tenant', [epochHeader, '1']],
    ['no epoch', [tenantHeader, 'acme']],
    ['an empty tenant', headers('', '1')],
    ['an empty epoch', headers('acme', '')],
    ['an upper-case tenant', headers('ACME', '1')],
    ['a tenant of 64 characters', headers('a'.repeat(64), '1')],
    ['two tenants in one header', headers('acme, bolt', '1')],
    ['epoch 0', headers('acme', '0')],
    ['a negative epoch', headers('acme', '-1')],
    ['an epoch with a sign', headers('acme', '+1')],
    ['a leading zero', headers('acme', '01')],
    ['an epoch in hex', headers('acme', '0x1')],
    ['an epoch in scientific form', headers('acme', '1e3')],
    ['a fraction', headers('acme', '1.0')],
    ['an epoch beyond safe integers', headers('acme', '9'.repeat(16))],
    ['white space', headers('acme', ' 1')],
    ['a repeated tenant', [...headers('acme', '1'), tenantHeader, 'acme']],
    ['a repeated tenant in other case', [...headers('acme', '1'), 'X-Lapidary-Tenant', 'bolt']],
    ['a repeated epoch', [...headers('acme', '1'), 'X-LAPIDARY-EPOCH', '2']],
    ['an underscore twin', [...headers('acme', '1'), 'x_lapidary_tenant', 'bolt']],
    ['a mixed twin', [...headers('acme', '1'), 'X-Lapidary_Tenant', 'bolt']],
    ['a Connection header that would strip the fence', [...headers('acme', '1'), 'Connection', 'close, X-Lapidary-Epoch']],
  ])('fails closed on %s', (_, raw) => {
    expect(fence(holding({ acme: 9, bolt: 9 }), raw)).toEqual({ serve: false, reason: 'malformed', tenant: null, heldEpoch: 0 });
  });

  it('reads header names in any case', () => {
    expect(readPassport(['X-Lapidary-Tenant', 'acme', 'X-LAPIDARY-EPOCH', '12'])).toEqual({ tenant: 'acme', epoch: 12 });
  });

  it('never throws and never serves on rubbish', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (raw) => {
        expect(fence(holding({ acme: 9 }), raw).serve).toBe(false);
      }),
    );
  });
});
