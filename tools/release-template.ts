import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';

/**
 * `npm run template:release`: keeps the template as it is now under its version, infra/template/releases/<version>, so that it can be
 * rendered when the template has moved on (a roll-out that is taken back needs it). Run it before the version is raised. A version
 * that is released already must still render the same program: otherwise the version was not raised, and it is refused. `--check`
 * writes nothing. Exit code 1 where a release is refused.
 */
export interface Release {
  readonly version: string;
  /** File name → text. */
  readonly files: ReadonlyMap<string, string>;
}

const versionPattern = /templateVersion = '([^']+)'/;

/** One file per target beside the entry, as they are loaded; packages stay outside, or Pulumi's state would be there twice. */
export const buildRelease = async (root: string): Promise<Release> => {
  const [, version] = versionPattern.exec(await readFile(path.join(root, 'infra/template/template-version.ts'), 'utf8')) ?? [];
  if (version === undefined) throw new Error('infra/template/template-version.ts names no version');
  const build = await rolldown({
    cwd: root,
    input: { template: 'infra/template/release-entry.ts' },
    platform: 'node',
    external: (id) => !/^[./]|^@lapidary\//.test(id),
    resolve: { conditionNames: ['source', 'import', 'node'], extensionAlias: { '.js': ['.ts', '.js'] } },
  });
  // No source maps; its default is a pattern that is not taken from another realm, which tests run in.
  const names = { entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs', sourcemapIgnoreList: false };
  const { output } = await build.generate({ format: 'esm', ...names });
  await build.close();
  return { version, files: new Map(output.flatMap((o) => (o.type === 'chunk' ? [[o.fileName, o.code] as const] : []))) };
};

/** undefined: this version is not released. */
export const releasedFiles = async (root: string, version: string): Promise<ReadonlyMap<string, string> | undefined> => {
  const folder = path.join(root, 'infra/template/releases', version);
  const names = await readdir(folder).catch(() => []);
  if (names.length === 0) return undefined;
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(path.join(folder, name), 'utf8')] as const)));
};

export const sameFiles = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean =>
  a.size === b.size && [...a].every(([name, text]) => b.get(name) === text);

const main = async (): Promise<number> => {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const root = path.resolve(import.meta.dirname, '../..');
  const { version, files } = await buildRelease(root);
  const released = await releasedFiles(root, version);
  if (released !== undefined) {
    if (sameFiles(files, released)) return 0;
    process.stderr.write(`Template ${version} is released and renders otherwise now: raise infra/template/template-version.ts.\n`);
    return 1;
  }
  if (values.check) return 0;
  const folder = path.join(root, 'infra/template/releases', version);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, text] of files) await writeFile(path.join(folder, name), text);
  process.stdout.write(`Template ${version} is released: ${[...files.keys()].join(', ')}\n`);
  return 0;
};

if (import.meta.main) process.exitCode = await main();
