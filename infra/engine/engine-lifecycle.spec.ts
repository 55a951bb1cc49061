import { jest } from '@jest/globals';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as pulumi from '@pulumi/pulumi';
import { ConcurrentUpdateError, type PulumiFn, type Stack } from '@pulumi/pulumi/automation/index.js';
import { causeOf, engineHome, Thing, type EngineHome } from '../testing/fake-stack.js';
import { FakeWorld } from '../testing/fake-world.js';
import '../testing/no-stack-traces.js';

/** Every step is synced to disk; on a busy one that takes seconds. */
jest.setTimeout(180_000);

let home: EngineHome;
beforeEach(async () => {
  home = await engineHome();
});
afterEach(() => home.remove());

/** b and c hang on a. */
const three =
  (overrides: { readonly a?: string; readonly sizeOfA?: number; readonly c?: boolean } = {}): PulumiFn =>
  () => {
    const a = new Thing('a', { value: overrides.a ?? 'one', size: overrides.sizeOfA ?? 1 });
    const b = new Thing('b', { value: a.made });
    if (overrides.c !== false) new Thing('c', { value: 'three' }, { dependsOn: [b] });
    return Promise.resolve({ made: a.made });
  };

const changesOf = async (stack: Stack): Promise<pulumi.automation.OpMap | undefined> => (await stack.up()).summary.resourceChanges;

describe('embedded engine behind the Automation API', () => {
  test('creates in dependency order, then finds nothing to do', async () => {
    const world = new FakeWorld();
    const stack = await home.open('t-1', world, three());
    const first = await stack.up();
    expect(first.outputs['made']).toEqual({ value: 'made-a', secret: false });
    expect(world.log).toEqual(['create a', 'create b', 'create c']);
    expect(await changesOf(stack)).toEqual({ same: 4 });
    expect(world.log).toHaveLength(3);
    await stack.up({ expectNoChanges: true });
  });

  test('a preview tells the changes and makes none', async () => {
    const world = new FakeWorld();
    const stack = await home.open('t-1', world, three());
    expect((await stack.preview()).changeSummary).toEqual({ create: 4 });
    expect(world.objects.size).toBe(0);
    await stack.up();
    const changed = await home.open('t-1', world, three({ a: 'other', c: false }));
    const before = await readFile(join(home.directory, 't-1.stack.json'), 'utf8');
    expect((await changed.preview()).changeSummary).toEqual({ same: 2, update: 1, delete: 1 });
    expect(await readFile(join(home.directory, 't-1.stack.json'), 'utf8')).toBe(before);
    expect((await causeOf(changed.up({ expectNoChanges: true }))).code).toBe('changes_found');
  });

  test('updates only what changed, names the paths, and deletes what is gone', async () => {
    const world = new FakeWorld();
    await (await home.open('t-1', world, three())).up();
    world.log.length = 0;
    const stack = await home.open('t-1', world, three({ a: 'other', c: false }));
    const changed: Record<string, string[]> = {};
    await stack.up({
      onEvent: ({ resOutputsEvent: event }) => {
        if (event && event.metadata.op !== 'same')
          changed[`${event.metadata.op} ${event.metadata.urn.split('::').at(-1)}`] = event.metadata.diffs ?? [];
      },
    });
    expect(world.log).toEqual(['update a', 'delete c']);
    expect(changed).toEqual({ 'update a': ['value'], 'delete c': [] });
  });

  test('replaces by creating first and deleting last; with deleteBeforeReplace the other way round', async () => {
    const world = new FakeWorld();
    await (await home.open('t-1', world, three())).up();
    world.log.length = 0;
    await (await home.open('t-1', world, three({ sizeOfA: 2 }))).up();
    expect(world.log).toEqual(['create a', 'delete a']);
    world.log.length = 0;
    const program: PulumiFn = () => {
      new Thing('a', { value: 'one', size: 3 }, { deleteBeforeReplace: true });
      return Promise.resolve({});
    };
    await (await home.open('t-1', world, program)).up();
    expect(world.log.slice(0, 2)).toEqual(['delete a', 'create a']);
    expect(world.inventory()).toEqual(['a one 3']);
  });

  test('after a failure the state holds what was made, and the next run makes exactly the rest (I8)', async () => {
    const world = new FakeWorld();
    const stack = await home.open('t-1', world, three());
    world.hook = (moment, what) => {
      if (moment === 'before' && what === 'create b') throw new Error('no capacity');
    };
    const failure = await causeOf(stack.up());
    expect(failure).toMatchObject({ code: 'resource_failed', message: 'fake:index:Thing "b": no capacity' });
    expect((await stack.history(1))[0]?.result).toBe('failed');
    world.hook = () => undefined;
    world.log.length = 0;
    await stack.up();
    expect(world.log).toEqual(['create b', 'create c']);
  });

  test('an input that the provider refuses fails before anything is created', async () => {
    const world = new FakeWorld();
    const failure = await causeOf((await home.open('t-1', world, three({ a: 'invalid' }))).up());
    expect(failure.message).toBe('fake:index:Thing "a": value: may not be "invalid"');
    expect(world.log).toEqual([]);
  });

  test('refresh adopts what really is, and up repairs it', async () => {
    const world = new FakeWorld();
    const stack = await home.open('t-1', world, three());
    await stack.up();
    const [a, , c] = [...world.objects.keys()];
    world.objects.set(a!, { name: 'a', props: { value: 'drifted', size: 1 } });
    world.objects.delete(c!);
    expect((await stack.previewRefresh()).changeSummary).toEqual({ update: 1, same: 1, delete: 1 });
    world.log.length = 0;
    await stack.up({ refresh: true });
    expect(world.log).toEqual(['update a', 'create c']);
    expect(world.inventory()).toEqual(['a one 1', 'b made-a', 'c three']);
  });

  test('destroys users before what they use, and a removed stack leaves no file', async () => {
    const world = new FakeWorld();
    const stack = await home.open('t-1', world, three());
    await stack.up();
    world.log.length = 0;
    await stack.destroy();
    expect(world.log).toEqual(['delete c', 'delete b', 'delete a']);
    await stack.workspace.removeStack('t-1');
    expect(await readdir(home.directory)).toEqual(['locks']);
  });

  test('protected resources are refused before the first deletion; retained ones are only forgotten', async () => {
    const world = new FakeWorld();
    const program: PulumiFn = () => {
      new Thing('free', { value: '1' });
      new Thing('kept', { value: '2', size: 1 }, { protect: true });
      new Thing('left', { value: '3' }, { retainOnDelete: true });
      return Promise.resolve({});
    };
    const stack = await home.open('t-1', world, program);
    await stack.up();
    expect(await causeOf(stack.destroy())).toMatchObject({ code: 'resource_protected' });
    expect(world.objects.size).toBe(3);
    const freed: PulumiFn = () => Promise.resolve({});
    expect((await causeOf((await home.open('t-1', world, freed)).up())).message).toContain('"kept" would be deleted');
    const lifted: PulumiFn = () => {
      new Thing('kept', { value: '2', size: 1 });
      return Promise.resolve({});
    };
    await (await home.open('t-1', world, lifted)).up().catch(() => undefined);
    await (await home.open('t-1', world, freed)).up();
    expect(world.inventory()).toEqual(['left 3']);
  });

  test('a renamed resource with an alias keeps its object', async () => {
    const world = new FakeWorld();
    await (await home.open('t-1', world, three())).up();
    world.log.length = 0;
    const program: PulumiFn = () => {
      new Thing('renamed', { value: 'one', size: 1 }, { aliases: [{ name: 'a' }] });
      return Promise.resolve({});
    };
    await (await home.open('t-1', world, program)).up();
    expect(world.log).toEqual(['delete c', 'delete b']);
  });

  test('a cancelled run finishes and saves the resource under way, and starts no other', async () => {
    const world = new FakeWorld();
    const stack = await home.open('t-1', world, three());
    const cancel = new AbortController();
    world.hook = (moment, what) => {
      if (moment === 'before' && what === 'create a') cancel.abort();
    };
    expect((await causeOf(stack.up({ signal: cancel.signal }))).code).toBe('cancelled');
    expect(world.log).toEqual(['create a']);
    world.hook = () => undefined;
    await stack.up();
    expect(world.log).toEqual(['create a', 'create b', 'create c']);
  });

  test('one operation per stack: the second is refused as locked, other stacks go on', async () => {
    const world = new FakeWorld();
    const one = await home.open('t-1', world, three());
    const two = await home.open('t-2', world, three());
    const refused: unknown[] = [];
    world.hook = async (moment, what) => {
      if (moment === 'after' && what === 'create a') await one.up().catch((error: unknown) => refused.push(error));
    };
    await one.up();
    expect(refused).toHaveLength(1);
    expect(refused[0]).toBeInstanceOf(ConcurrentUpdateError);
    expect((refused[0] as Error).cause).toMatchObject({ code: 'locked' });
    world.hook = () => undefined;
    await two.up();
    expect(world.objects.size).toBe(6);
  });

  test('the lock of a dead process, or of another one with the same pid, is taken over', async () => {
    const world = new FakeWorld();
    const stack = await home.open('t-1', world, three());
    for (const owner of [
      { pid: 2 ** 22 + 1, startTime: '1' },
      { pid: process.pid, startTime: 'another process' },
    ]) {
      await writeFile(join(home.directory, 'locks', 't-1.1000'), JSON.stringify({ ...owner, acquiredAt: 'then', released: false }));
      await stack.up();
    }
    await writeFile(join(home.directory, 'locks', 't-1.2000'), 'rubbish');
    await stack.up();
    expect(await readdir(join(home.directory, 'locks'))).toEqual(['t-1.2001']);
  });
});

describe('the verbs that the SDK uses', () => {
  test('work through LocalWorkspace, and unknown ones are refused by name', async () => {
    const stack = await home.open('t-1', new FakeWorld(), three());
    const { workspace } = stack;
    await stack.setAllConfig({ plain: { value: 'a=b' }, 'other:key': { value: '2' } });
    await stack.setConfig('dashed', { value: '--x' });
    expect(await stack.getAllConfig()).toMatchObject({
      'test:plain': { value: 'a=b' },
      'other:key': { value: '2' },
      'test:dashed': { value: '--x' },
    });
    await stack.removeAllConfig(['plain', 'dashed']);
    expect(Object.keys(await stack.getAllConfig())).toEqual(['other:key']);
    await stack.up();
    expect((await workspace.listStacks()).map((s) => s.name)).toEqual(['t-1']);
    expect((await workspace.whoAmI()).user).toBe('embedded');
    expect(((await stack.exportStack()).deployment as { resources: unknown[] }).resources).toHaveLength(4);
    expect((await stack.info())?.kind).toBe('update');
    await expect(workspace.createStack('t-1')).rejects.toMatchObject({ name: 'StackAlreadyExistsError' });
    await expect(workspace.selectStack('t-9')).rejects.toMatchObject({ name: 'StackNotFoundError' });
    await expect(workspace.removeStack('t-1')).rejects.toThrow('still has 4 resources');
    expect(await causeOf(stack.up({ target: ['x'] }))).toMatchObject({ code: 'unsupported' });
    expect(await causeOf(workspace.installPlugin('aws', 'v7.48.0'))).toMatchObject({
      message: 'the embedded engine has no command "plugin install resource aws v7.48.0"',
    });
  });
});
