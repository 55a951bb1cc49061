import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import { DirectoryTable } from '../directory/directory-table.js';
import { stampRoute, tenantRoute } from '../routes.fixture.js';
import { decide, type DecideInput } from './decide.js';
import type { DirectoryView } from './locate.js';

const tenant = (over: Partial<TenantRoute> = {}): TenantRoute => tenantRoute({ epoch: 3, ...over });

const directoryOf = (...bodies: (TenantRoute | StampRoute)[]): DirectoryView => {
  const table = new DirectoryTable('g');
  bodies.forEach((body, i) =>
    table.apply({ key: body.kind === 'tenant' ? `tenant/${body.tenant}` : `stamp/${body.stamp}`, cursor: i + 1, committedAtMs: 0, body }),
  );
  return table;
};
const decideWith = (directory: DirectoryView, over: Partial<DecideInput> = {}): ReturnType<typeof decide> =>
  decide({
    address: { host: 'acme.lapidary.localhost', tenantHeaders: [], path: '/x' },
    problem: null,
    method: 'GET',
    baseDomain: 'lapidary.localhost',
    place: { region: 'us', jurisdiction: 'us', strictRedirects: {} },
    directory,
    ...over,
  });

describe('the whole decision', () => {
  it('forwards a placed tenant to its active stamp, with the epoch of the placement', () => {
    const decision = decideWith(directoryOf(tenant(), stampRoute()));
    expect(decision).toMatchObject({ action: 'forward', tenant: 'acme', stamp: 'eu-1', epoch: 3, path: '/x' });
    expect(decision.steps.map(({ step, ok }) => [step, ok])).toEqual([
      ['identify', true],
      ['locate', true],
      ['admit', true],
    ]);
  });

  it('refuses a strict tenant outside of its residency before anything else, a suspended one too (I3)', () => {
    const strict = tenant({ strictIn: ['eu'], status: 'suspended' });
    expect(decideWith(directoryOf(strict, stampRoute()))).toMatchObject({ action: 'refuse', code: 'outside_jurisdiction', unread: true });
    const inside = { place: { region: 'eu', jurisdiction: 'eu', strictRedirects: {} } };
    expect(decideWith(directoryOf(strict, stampRoute()), inside)).toMatchObject({ code: 'tenant_suspended', unread: false });
  });

  it('asks to come again for a tenant or a host that a copy may lack, and says of nobody then that there is no such tenant', () => {
    const table = directoryOf(tenant(), stampRoute()) as DirectoryTable;
    table.setMayLack(true);
    const asked = (host: string) => decideWith(table, { address: { host, tenantHeaders: [], path: '/x' } });
    for (const host of ['newer.lapidary.localhost', 'shop.newer.test'])
      expect(asked(host)).toMatchObject({ action: 'refuse', code: 'not_ready', retryAfterSeconds: 1 });
    expect(asked('acme.lapidary.localhost')).toMatchObject({ action: 'forward', stamp: 'eu-1' });
    table.setMayLack(false);
    for (const host of ['newer.lapidary.localhost', 'shop.newer.test']) expect(asked(host)).toMatchObject({ code: 'unknown_tenant' });
  });

  it.each([
    ['unknown', [stampRoute()], 'unknown_tenant', undefined],
    ['pending', [tenant({ status: 'pending', stamp: null, epoch: 0 }), stampRoute()], 'tenant_pending', 10],
    ['suspended', [tenant({ status: 'suspended' }), stampRoute()], 'tenant_suspended', undefined],
    ['deleted', [tenant({ status: 'deleted' }), stampRoute()], 'unknown_tenant', undefined],
    ['placed on a stamp that the directory lacks', [tenant()], 'stamp_unavailable', 2],
    ['placed on nothing', [tenant({ stamp: null })], 'stamp_unavailable', 2],
    ['on a provisioning stamp', [tenant(), stampRoute({ status: 'provisioning' })], 'stamp_unavailable', 2],
    ['on a failed stamp', [tenant(), stampRoute({ status: 'failed' })], 'stamp_unavailable', 2],
    ['on a retired stamp', [tenant(), stampRoute({ status: 'retired' })], 'stamp_unavailable', 2],
  ] as const)('a tenant that is %s is refused', (_, bodies, code, retryAfterSeconds) => {
    const decision = decideWith(directoryOf(...bodies));
    expect(decision).toMatchObject({ action: 'refuse', code, retryAfterSeconds });
    expect(decision.steps.at(-1)).toMatchObject({ ok: false });
    expect(decision.steps.slice(0, -1).every((step) => step.ok)).toBe(true);
  });

  it('without a directory nobody is unknown: not ready', () => {
    const none = Object.create(new DirectoryTable('g'), { isLoaded: { value: false } }) as DirectoryTable;
    expect(decideWith(none)).toMatchObject({ action: 'refuse', code: 'not_ready', retryAfterSeconds: 1 });
  });

  it('a message that can be read in two ways is refused first, with HTTP’s own status', () => {
    const problem = { status: 501, reason: 'odd' } as const;
    expect(decideWith(directoryOf(tenant(), stampRoute()), { problem })).toMatchObject({
      action: 'refuse',
      code: 'invalid_input',
      status: 501,
    });
  });
});
