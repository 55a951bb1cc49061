import { setImmediate as nextTurn } from 'node:timers/promises';
import { SharedAsks } from './shared-asks.js';

const world = () => {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const asks = new SharedAsks((key) => {
    begun.push(key);
    return new Promise((resolve) => ends.push(resolve));
  });
  return { begun, ends, asks };
};

it('many who ask for one key cost two questions: the one under way, and one for all who came since it began', async () => {
  const { asks, begun, ends } = world();
  const settled: number[] = [];
  const first = asks.ask('acme').then(() => settled.push(0));
  const later = [1, 2, 3].map((i) => asks.ask('acme').then(() => settled.push(i)));
  expect(begun).toEqual(['acme']);
  ends[0]!();
  await first;
  await nextTurn();
  expect([begun, settled]).toEqual([['acme', 'acme'], [0]]);
  ends[1]!();
  await Promise.all(later);
  expect(settled).toEqual([0, 1, 2, 3]);
});

it('other keys wait for nobody, and a key that was answered is asked for anew', async () => {
  const { asks, begun, ends } = world();
  void asks.ask('acme');
  const other = asks.ask('beta');
  ends[1]!();
  await other;
  void asks.ask('beta');
  expect(begun).toEqual(['acme', 'beta', 'beta']);
});
