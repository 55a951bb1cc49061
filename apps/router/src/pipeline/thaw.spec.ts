import type { TenantRoute } from '@lapidary/contracts/directory';
import { tenantRoute } from '../routes.fixture.js';
import type { RefuseDecision } from './decide.js';
import type { DirectoryView } from './locate.js';
import { Thaw, type Frozen } from './thaw.js';

const waitMs = 2_000;
const frozen = (tenant: string): RefuseDecision => ({ action: 'refuse', code: 'tenant_moving', tenant }) as RefuseDecision;
const nobody: Frozen = { onThaw: () => undefined };
/** As many requests as wait. */
const waiting = (thaw: Thaw, tenant: string, requests: number): Frozen[] => {
  const all = Array.from({ length: requests }, () => ({ ...nobody }));
  return all.filter((who) => thaw.wait(who, frozen(tenant), performance.now()));
};

describe('requests of frozen tenants', () => {
  let thaw: Thaw;
  let waits: Frozen[] = [];
  beforeEach(() => {
    const directory = { version: 0, tenant: (tenant: string): TenantRoute => tenantRoute({ tenant, frozen: true }) };
    thaw = new Thaw(directory as unknown as DirectoryView, waitMs);
  });
  // Its timer ends with the last of them.
  afterEach(() => waits.forEach((who) => thaw.leave(who)));

  it('of one tenant take a quarter of the places, and leave the others to those who are moved beside it', () => {
    waits = waiting(thaw, 'acme', 2_000);
    expect(waits).toHaveLength(256);
    for (const tenant of ['beta', 'gamma', 'delta']) {
      const its = waiting(thaw, tenant, 256);
      expect(its).toHaveLength(256);
      waits.push(...its);
    }
    expect(thaw.size).toBe(1_024);
    expect(waiting(thaw, 'epsilon', 1)).toEqual([]);
  });

  it('who leaves, once or twice, makes room for one of its tenant', () => {
    waits = waiting(thaw, 'acme', 300);
    const [first] = waits as [Frozen];
    thaw.leave(first);
    thaw.leave(first);
    const more = waiting(thaw, 'acme', 300);
    expect(more).toHaveLength(1);
    waits.push(...more);
  });
});
