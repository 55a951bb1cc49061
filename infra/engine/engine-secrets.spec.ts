import { jest } from '@jest/globals';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import type { PulumiFn } from '@pulumi/pulumi/automation/index.js';
import { causeOf, engineHome, Thing, type EngineHome } from '../testing/fake-stack.js';
import { FakeWorld } from '../testing/fake-world.js';
import { StateFile } from './state-file.js';
import '../testing/no-stack-traces.js';

/** Every step is synced to disk; on a busy one that takes seconds. */
jest.setTimeout(180_000);

let home: EngineHome;
beforeEach(async () => {
  home = await engineHome();
});
afterEach(() => home.remove());

describe('secrets', () => {
  const secretText = 'hunter2-is-the-password';
  const program: PulumiFn = () => {
    const config = new pulumi.Config();
    const hidden = config.requireSecret('password');
    const thing = new Thing('holder', { value: hidden });
    new Thing('deep', { value: pulumi.interpolate`url://${thing.value}@host` });
    return Promise.resolve({ hidden: thing.value, open: 'yes' });
  };

  test('are nowhere in the clear: not in state, events, output or errors', async () => {
    const world = new FakeWorld();
    const stack = await home.open('t-1', world, program);
    await stack.setConfig('password', { value: secretText, secret: true });
    const seen: string[] = [];
    const watch = { onEvent: (event: unknown) => seen.push(JSON.stringify(event)), onOutput: (text: string) => seen.push(text) };
    const result = await stack.up(watch);
    expect(result.outputs['hidden']).toEqual({ value: secretText, secret: true });
    expect(world.inventory()).toEqual([`deep url://${secretText}@host`, `holder ${secretText}`]);
    await stack.setConfig('password', { value: `${secretText}-2`, secret: true });
    world.hook = () => {
      throw new Error(`can't connect to url://${secretText}-2@host`);
    };
    seen.push(String(await causeOf(stack.up(watch))));
    const files = await Promise.all(
      (await readdir(home.directory)).filter((f) => f !== 'locks').map((file) => readFile(join(home.directory, file), 'utf8')),
    );
    expect(seen.length).toBeGreaterThan(5);
    expect([...seen, ...files].filter((text) => text.includes('hunter2'))).toEqual([]);
    expect(seen.join()).toContain("can't connect to url://[secret]@host");
  });

  test('survive the file, need the passphrase, and do not open in another stack', async () => {
    const stack = await home.open('t-1', new FakeWorld(), program);
    await stack.setConfig('password', { value: secretText, secret: true });
    expect((await stack.getConfig('password')).value).toBe(secretText);
    const path = join(home.directory, 't-1.stack.json');
    await writeFile(path.replace('t-1', 't-2'), await readFile(path));
    await expect(new StateFile(home.directory, 't-2', home.keys).load()).rejects.toThrow('does not open');
    await writeFile(home.keys.passphraseFile, 'another');
    await expect(new StateFile(home.directory, 't-1', home.keys).load()).rejects.toMatchObject({ code: 'state_unusable' });
  });

  test('a damaged state file is reported, never taken for an empty one', async () => {
    const stack = await home.open('t-1', new FakeWorld(), program);
    await stack.setConfig('password', { value: secretText, secret: true });
    await writeFile(join(home.directory, 't-1.stack.json'), '{"encryption":');
    expect(await causeOf(stack.up())).toMatchObject({ code: 'state_unusable' });
  });
});
