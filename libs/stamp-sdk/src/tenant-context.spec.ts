import { readTenantContext } from './tenant-context.js';

describe('tenant context of a request', () => {
  it('is the tenant, epoch and request id that the agent passed on', () => {
    expect(readTenantContext({ 'x-lapidary-tenant': 'acme', 'x-lapidary-epoch': '4', 'x-request-id': 'r1' })).toEqual({
      tenant: 'acme',
      epoch: 4,
      requestId: 'r1',
    });
  });

  it.each([[undefined], [''], ['Acme'], ['acme, bolt'], ['../etc'], [['acme', 'bolt']]])('refuses %p as a tenant', (value) => {
    expect(() => readTenantContext({ 'x-lapidary-tenant': value })).toThrow(expect.objectContaining({ code: 'misdirected' }));
  });

  it('does not need an epoch: that check is the agent’s', () => {
    expect(readTenantContext({ 'x-lapidary-tenant': 'acme' })).toEqual({ tenant: 'acme', epoch: 0, requestId: null });
  });
});
