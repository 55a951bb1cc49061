import { sensorTone } from './sensor-tone.js';

const skipped = [{ subject: 'stamp/eu-1', why: 'is being changed' }];

test.each([
  ['found what was planted, and looked', 3, [], 'found', 'found'],
  ['found what was planted, and left out some', 3, skipped, 'found', 'found'],
  ['found what was planted, and had nothing to look at', 0, [], 'found', 'found'],
  ['found what was planted, and left out all', 0, skipped, 'found', 'hold'],
  ['missed what was planted', 3, [], 'missed', 'missed'],
] as const)('a sensor that %s is shown as it deserves', (_, looked, left, canary, tone) => {
  expect(sensorTone({ looked, skipped: [...left], canary })).toBe(tone);
});
