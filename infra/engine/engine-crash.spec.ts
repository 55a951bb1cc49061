import { jest } from '@jest/globals';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PulumiFn } from '@pulumi/pulumi/automation/index.js';
import { engineHome, Thing } from '../testing/fake-stack.js';
import { FakeWorld } from '../testing/fake-world.js';
import type { StateKeySettings } from './secrets/state-keys.js';
import { StateFile } from './state-file.js';
import '../testing/no-stack-traces.js';

/** Every step is synced to disk; on a busy one that takes seconds. */
jest.setTimeout(180_000);

/** What was before: a, b, c. */
const before: PulumiFn = () => {
  const a = new Thing('a', { value: 'one', size: 1 });
  new Thing('b', { value: 'two' }, { dependsOn: [a] });
  new Thing('c', { value: 'three' });
  return Promise.resolve({});
};

/** What is wanted: a replaced, b changed, c gone, d and e new. */
const after: PulumiFn = () => {
  const a = new Thing('a', { value: 'one', size: 2 });
  const b = new Thing('b', { value: 'other' }, { dependsOn: [a] });
  const d = new Thing('d', { value: 'four' }, { dependsOn: [b] });
  new Thing('e', { value: 'five', size: 1 }, { dependsOn: [d] });
  return Promise.resolve({});
};

const nothing: PulumiFn = () => Promise.resolve({});

interface Moment {
  readonly when: string;
  readonly state: string;
  readonly world: FakeWorld;
}

/**
 * The state file and the world are all that survives a crash. So every moment at which they can differ is recorded during one
 * run: just before and just after each effect on the world. Each is then resumed as if the process had died there.
 */
const recordMoments = async (
  first: PulumiFn,
  second: PulumiFn,
): Promise<{ moments: Moment[]; keys: StateKeySettings; remove(): Promise<void> }> => {
  const home = await engineHome();
  const world = new FakeWorld();
  await (await home.open('t-1', world, first)).up();
  const stack = await home.open('t-1', world, second);
  const moments: Moment[] = [];
  world.hook = async (moment, what) => {
    moments.push({
      when: `${moment} ${what}`,
      state: await readFile(join(home.directory, 't-1.stack.json'), 'utf8'),
      world: world.clone(),
    });
  };
  await stack.up();
  return { moments, keys: home.keys, remove: () => home.remove() };
};

const resume = async (
  moment: Moment,
  program: PulumiFn,
  operation: 'up' | 'destroy',
): Promise<{ inventory: readonly string[]; known: readonly string[] }> => {
  const home = await engineHome();
  try {
    await mkdir(home.directory, { recursive: true });
    await writeFile(join(home.directory, 't-1.stack.json'), moment.state);
    const world = moment.world.clone();
    const stack = await home.open('t-1', world, program);
    await stack[operation]();
    const state = await new StateFile(home.directory, 't-1', home.keys).load();
    expect(state?.pendingOperations).toEqual([]);
    const ids = state?.resources.filter((r) => r.custom).map((r) => r.id) ?? [];
    // No orphan and no phantom: what is known is exactly what exists.
    expect(ids.toSorted()).toEqual([...world.objects.keys()].toSorted());
    return { inventory: world.inventory(), known: ids };
  } finally {
    await home.remove();
  }
};

describe('a run that dies at any moment (I8)', () => {
  let recorded: Awaited<ReturnType<typeof recordMoments>>;
  beforeAll(async () => {
    recorded = await recordMoments(before, after);
  });
  afterAll(() => recorded.remove());

  test('the recording covers create, update, replace and delete', () => {
    expect(recorded.moments.map((m) => m.when)).toEqual(
      ['create a', 'update b', 'create d', 'create e', 'delete a', 'delete c'].flatMap((what) => [`before ${what}`, `after ${what}`]),
    );
  });

  test('ends in the same graph when it is run again', async () => {
    for (const moment of recorded.moments) {
      expect({ when: moment.when, ...(await resume(moment, after, 'up')) }).toMatchObject({
        when: moment.when,
        inventory: ['a one 2', 'b other', 'd four', 'e five 1'],
      });
    }
  });

  test('ends in the former graph when the former program is run instead', async () => {
    for (const moment of recorded.moments) {
      expect({ when: moment.when, ...(await resume(moment, before, 'up')) }).toMatchObject({
        when: moment.when,
        inventory: ['a one 1', 'b two', 'c three'],
      });
    }
  });

  test('leaves nothing when it is destroyed instead, or emptied', async () => {
    for (const moment of recorded.moments) {
      expect({ when: moment.when, ...(await resume(moment, after, 'destroy')) }).toMatchObject({ when: moment.when, inventory: [] });
      expect({ when: moment.when, ...(await resume(moment, nothing, 'up')) }).toMatchObject({ when: moment.when, inventory: [] });
    }
  });
});
