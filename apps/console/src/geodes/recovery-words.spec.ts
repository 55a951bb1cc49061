import { recoveryStates, type RecoveryView } from '@lapidary/contracts/api/recovery';
import { recoveryAct, recoveryWords } from './recovery-words.js';

const view = (state: RecoveryView['state'], waitsFor: RecoveryView['waitsFor'] = []): RecoveryView => ({
  ...{ state, fenced: state !== 'holding', since: '2026-11-01T10:00:00.000Z', backupAt: null },
  ...{ evidence: [], waitsFor, without: [] },
});
const waiting = [{ region: 'us', why: null }];

it('every state of a restored region has words', () => {
  expect(Object.keys(recoveryWords)).toEqual([...recoveryStates]);
});

it.each([
  ['suspected', [], null],
  ['suspected', waiting, 'open'],
  ['reconciling', waiting, 'open'],
  // These end by themselves, or need the region that is missing.
  ['retelling', waiting, null],
  ['holding', waiting, null],
  ['too-old', [], 'reseed'],
  ['too-old', waiting, 'reseed'],
] as const)('%s while it waits for %j offers %s', (state, waitsFor, act) => {
  expect(recoveryAct(view(state, [...waitsFor]))).toBe(act);
});
