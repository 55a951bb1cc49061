import { execFileSync } from 'node:child_process';
import path from 'node:path';

const engine = path.resolve(import.meta.dirname, '../dist/engine');

/** In a process of its own: jest has another way to load modules. */
const loaded = (then: string): unknown => {
  const script = `
    import { createRequire } from 'node:module';
    await import('${engine}/lazy-arborist.js');
    await import('${engine}/provisioner.js');
    const { cache, resolve } = createRequire(createRequire('${engine}/').resolve('@pulumi/pulumi'));
    const sdk = createRequire(resolve('@pulumi/pulumi'));
    const files = () => Object.keys(cache).filter((file) => /@npmcli.arborist/.test(file)).length;
    console.log(JSON.stringify(${then}));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })) as unknown;
};

test('npm’s reader of package trees is loaded when the SDK asks for it, and not before', () => {
  expect(loaded(`[files(), typeof sdk('@npmcli/arborist').Arborist, files() > 10]`)).toEqual([1, 'function', true]);
});
