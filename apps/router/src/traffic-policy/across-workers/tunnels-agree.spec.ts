import { TunnelPlaces } from '../bulkhead/tunnel-places.js';
import { createPolicyMemory } from './policy-memory.js';
import { sharedState } from './policy-state.js';
import { freePlacesOf } from './shared-places.js';

const rules = { tunnelsMax: 5, tenantTunnelsMax: 3 };

it('tunnels are counted over all workers, by tenant and stamp, and those of a worker that is gone are free (L1, L2)', () => {
  const memory = createPolicyMemory(2);
  const [one, two] = [0, 1].map((i) => new TunnelPlaces(sharedState(memory, i))) as [TunnelPlaces, TunnelPlaces];
  const left = [one, two, one].map((places) => places.enter('acme', 'eu-1', rules));
  expect([two.enter('acme', 'eu-1', rules), one.enter('acme', 'eu-2', rules)]).toEqual(['tenant', 'tenant']);
  const others = [one, two].map((places) => places.enter('beta', 'eu-1', rules));
  expect([...left, ...others].map((entered) => typeof entered)).toEqual(Array(5).fill('function'));
  expect([one.enter('beta', 'eu-1', rules), two.enter('gamma', 'eu-1', rules)]).toEqual(['stamp', 'stamp']);
  (left[1] as () => void)();
  expect(typeof two.enter('gamma', 'eu-1', rules)).toBe('function');
  freePlacesOf(memory, 0);
  expect(Array.from({ length: 4 }, () => typeof two.enter('delta', 'eu-1', rules)).filter((kind) => kind === 'function')).toHaveLength(3);
});
