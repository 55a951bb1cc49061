import { RolloutPolicySchema } from '@lapidary/contracts/api/rollouts';
import fc from 'fast-check';
import { planWaves, versionsOf } from './plan-waves.js';
import type { FleetStamp } from './rollout-state.js';

const stamp = (name: string, ring: FleetStamp['ring'], version: string | null = '1', status = 'active'): FleetStamp => ({
  name,
  region: name.split('-')[0]!,
  ring,
  status,
  version,
  heldBy: null,
});
const plan = (fleet: FleetStamp[], policy = {}, regions = ['eu', 'us']): Record<string, string[]> => {
  const { waves, members } = planWaves(RolloutPolicySchema.parse(policy), fleet, regions, '2');
  return Object.fromEntries(waves.map((w) => [w.name, members.filter((m) => m.wave === w.position).map((m) => m.stamp)]));
};

test('rings become waves in order, a ring may be split, and no region goes first as a whole', () => {
  const fleet = [
    stamp('eu-1', 'canary'),
    ...[2, 3, 4].map((n) => stamp(`eu-${n}`, 'broad')),
    ...[1, 10, 2].map((n) => stamp(`us-${n}`, 'broad')),
    stamp('us-3', 'early'),
  ];
  expect(plan(fleet)).toEqual({
    canary: ['eu-1'],
    early: ['us-3'],
    'broad-1': ['eu-2', 'us-1', 'eu-3'],
    'broad-2': ['us-2', 'eu-4', 'us-10'],
  });
});

test('only active stamps of the regions that are meant; those at the target already are skipped', () => {
  const fleet = [stamp('eu-1', 'canary'), stamp('us-1', 'canary'), stamp('eu-2', 'canary', '1', 'failed'), stamp('eu-3', 'canary', '2')];
  expect(plan(fleet, {}, ['eu']).canary).toEqual(['eu-1', 'eu-3']);
  expect(planWaves(RolloutPolicySchema.parse({}), fleet, ['eu'], '2').members.map((m) => m.status)).toEqual(['waiting', 'skipped']);
});

test('every stamp of a planned ring stands in exactly one wave, whatever the shares', () => {
  const ring = fc.constantFrom('canary' as const, 'early' as const, 'broad' as const);
  const waves = fc.array(fc.record({ ring, percent: fc.integer({ min: 1, max: 100 }) }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(ring, { maxLength: 40 }), waves, (rings, planned) => {
      const fleet = rings.map((r, i) => stamp(`eu-${i + 1}`, r));
      const all = Object.values(
        plan(fleet, { waves: [...planned, ...(['canary', 'early', 'broad'] as const).map((r) => ({ ring: r, percent: 100 }))] }),
      ).flat();
      expect(all.sort()).toEqual(fleet.map((s) => s.name).sort());
    }),
  );
});

test('versions are told with their stamps, the most frequent first', () => {
  const fleet = [
    stamp('eu-1', 'broad', '2'),
    stamp('eu-2', 'broad', '1'),
    stamp('eu-3', 'broad', '1'),
    stamp('eu-4', 'broad', '9', 'retired'),
  ];
  expect(versionsOf(fleet)).toEqual([
    { version: '1', stamps: ['eu-2', 'eu-3'] },
    { version: '2', stamps: ['eu-1'] },
  ]);
});
