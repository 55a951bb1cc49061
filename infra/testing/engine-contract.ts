import * as pulumi from '@pulumi/pulumi';
import { ConcurrentUpdateError, StackNotFoundError, type PulumiFn, type Stack } from '@pulumi/pulumi/automation/index.js';
import { exportedResources, stateProgram } from '../engine/state-program.js';

export interface ContractEngine {
  /** A stack of the project "test" whose state lies where earlier ones of this engine's lie. */
  create(stackName: string, program: PulumiFn): Promise<Stack>;
  select(stackName: string, program: PulumiFn): Promise<Stack>;
  /** Runs a command that the Automation API has no method for. */
  command(stack: Stack, args: readonly string[]): Promise<void>;
}

class Group extends pulumi.ComponentResource {
  constructor(name: string, parent?: pulumi.Resource) {
    super('contract:index:Group', name, {}, parent === undefined ? {} : { parent });
    this.registerOutputs({ named: name });
  }
}

/** Components only, so that it needs no provider: the same program for every engine. */
const program =
  (names: readonly string[]): PulumiFn =>
  () => {
    const root = new Group('root');
    for (const name of names) new Group(name, root);
    const config = new pulumi.Config('test');
    return Promise.resolve({ count: names.length, greeting: config.require('greeting'), password: config.requireSecret('password') });
  };

const hidden = 'do-not-show-this';

/**
 * What every engine behind the Automation API must do, verb by verb, as the control plane relies on it: run by the embedded
 * engine always, and by the real CLI where one is on PATH (engine-contract.spec.ts).
 */
export const engineContract = (open: () => Promise<ContractEngine>): void => {
  let engine: ContractEngine;
  beforeAll(async () => {
    engine = await open();
  });

  const configured = async (name: string, names: readonly string[]): Promise<Stack> => {
    const stack = await engine.create(name, program(names));
    await stack.setAllConfig({ greeting: { value: 'hello' }, password: { value: hidden, secret: true } });
    return stack;
  };

  test('init, select, ls, rm: a stack that is not there is told by its class', async () => {
    await expect(engine.select('none', program([]))).rejects.toBeInstanceOf(StackNotFoundError);
    const stack = await engine.create('c-1', program([]));
    expect((await stack.workspace.listStacks()).map(({ name }) => name)).toContain('c-1');
    await engine.select('c-1', program([]));
    await stack.workspace.removeStack('c-1');
    await expect(engine.select('c-1', program([]))).rejects.toBeInstanceOf(StackNotFoundError);
  });

  test('config set, set-all, get, rm: values and secrets come back as they went in', async () => {
    const stack = await configured('c-2', []);
    expect(await stack.getConfig('test:greeting')).toMatchObject({ value: 'hello', secret: false });
    expect(await stack.getConfig('test:password')).toMatchObject({ value: hidden, secret: true });
    await stack.setConfig('more', { value: 'one: two' });
    expect(Object.keys(await stack.getAllConfig()).toSorted()).toEqual(['test:greeting', 'test:more', 'test:password']);
    await stack.removeConfig('more');
    expect(Object.keys(await stack.getAllConfig())).not.toContain('test:more');
  });

  test('preview, up, output, history, export, refresh, destroy: one life of a stack', async () => {
    const stack = await configured('c-3', ['a', 'b']);
    expect((await stack.preview()).changeSummary).toMatchObject({ create: 4 });
    const events: pulumi.automation.EngineEvent[] = [];
    const up = await stack.up({ onEvent: (event) => events.push(event) });
    expect(up.summary).toMatchObject({ kind: 'update', result: 'succeeded', resourceChanges: { create: 4 } });
    expect(up.outputs['count']).toEqual({ value: 2, secret: false });
    expect(up.outputs['password']).toEqual({ value: hidden, secret: true });
    expect(await stack.outputs()).toEqual(up.outputs);
    // Nothing secret is in what is streamed and stored for people.
    expect(JSON.stringify(events)).not.toContain(hidden);
    expect(up.stdout).not.toContain(hidden);
    await stack.up({ expectNoChanges: true });
    const less = await engine.select('c-3', program(['a']));
    expect((await less.preview()).changeSummary).toMatchObject({ delete: 1, same: 3 });
    await less.up();
    expect((await less.history()).map(({ kind, result }) => `${kind} ${result}`)).toEqual(Array(3).fill('update succeeded'));
    expect((await less.exportStack()).deployment.resources).toHaveLength(3);
    await less.refresh({ expectNoChanges: true });
    await less.previewRefresh({ expectNoChanges: true });
    await engine.command(less, ['state', 'unprotect', '--all', '--yes']);
    expect((await less.destroy()).summary).toMatchObject({ kind: 'destroy', result: 'succeeded' });
    expect((await less.exportStack()).deployment.resources ?? []).toEqual([]);
    await less.workspace.removeStack('c-3');
  });

  test('up that aims at one resource, with the state as its program: all else stays, and so do the outputs', async () => {
    const stack = await configured('c-5', ['a', 'b']);
    const { outputs } = await stack.up();
    const before = exportedResources((await stack.exportStack()).deployment);
    const { urn } = before.find((r) => r.urn.endsWith('::a'))!;
    await stack.up({ program: stateProgram(before, (r) => (r.urn === urn ? { ...r, protect: true } : r)), target: [urn] });
    const after = exportedResources((await stack.exportStack()).deployment);
    expect(after.map((r) => r.urn)).toEqual(before.map((r) => r.urn));
    expect(after.filter((r) => r.protect).map((r) => r.urn)).toEqual([urn]);
    expect(await stack.outputs()).toEqual(outputs);
    await engine.command(stack, ['state', 'unprotect', urn, '--yes']);
    await stack.destroy();
  });

  test('a second operation at the same time is refused as concurrent', async () => {
    const busy = await configured('c-4', []);
    const release = Promise.withResolvers<Record<string, unknown>>();
    const begun = Promise.withResolvers<void>();
    const slow = await engine.select('c-4', () => {
      begun.resolve();
      return release.promise;
    });
    const first = slow.up();
    await begun.promise;
    await expect(busy.up()).rejects.toBeInstanceOf(ConcurrentUpdateError);
    release.resolve({});
    await first;
  });
};
