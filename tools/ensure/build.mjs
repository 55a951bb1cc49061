import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Builds with swc, file by file: only what changed since the last run. What was built from what is kept in `state.files`
 * (path below the root → size, mtime and sha256 of the source). Size and mtime are the quick check, the hash decides: a git
 * checkout that touches every file rebuilds only those whose content differs.
 */

/** Folders that are never sources. */
const skippedFolders = new Set(['node_modules', 'dist', '.lapidary', '.git']);
/** Written beside its target and renamed, so that a process that starts meanwhile never reads half a file. */
const partialSuffix = `.partial-${process.pid}`;
/** Files compiled at once: swc uses its own threads, more only costs memory. */
const parallelCompiles = 8;

const isTest = (file) => /\.spec\.tsx?$/.test(file);
const isSource = (file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !isTest(file);
/** What a program reads beside its code, for example JSON, SQL, and modules that are built already; a workspace’s own package.json and tsconfig stay where they are. */
const isAsset = (file) => /\.(json|sql|yaml|yml|html|css|svg|txt|mjs)$/.test(file) && !/^(package|tsconfig[^/]*)\.json$/.test(file);

/** Every workspace that swc builds: from where to where, and whether other files go along. */
export const workspacesOf = async (root) => {
  const found = [];
  for (const group of ['libs', 'apps']) {
    for (const entry of await readdir(path.join(root, group), { withFileTypes: true }).catch(() => [])) {
      const dir = `${group}/${entry.name}`;
      // The console is built by vite.
      if (!entry.isDirectory() || dir === 'apps/console' || !existsSync(path.join(root, dir, 'src'))) continue;
      found.push({ name: dir, from: `${dir}/src`, to: `${dir}/dist`, assets: true });
    }
  }
  for (const [name, assets] of [
    ['infra', true],
    ['tools', false],
    ['bench', false],
  ]) {
    if (existsSync(path.join(root, name))) found.push({ name, from: name, to: `${name}/dist`, assets });
  }
  return found;
};

/** Paths of all files below `dir`, relative to it. */
export const filesBelow = async (dir, prefix = '') => {
  const entries = await readdir(path.join(dir, prefix), { withFileTypes: true }).catch(() => []);
  const nested = await Promise.all(
    entries.map((entry) => {
      const relative = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) return skippedFolders.has(entry.name) ? [] : filesBelow(dir, relative);
      return [relative];
    }),
  );
  return nested.flat().sort();
};

export const sha256 = (content) => createHash('sha256').update(content).digest('hex');

/** What stands in the source now, compared with what is known: { changed, known, removed }. */
const compare = async (root, workspace, known) => {
  const present = {};
  const changed = [];
  const prefix = `${workspace.from}/`;
  for (const file of await filesBelow(path.join(root, workspace.from))) {
    if (!isSource(file) && !(workspace.assets && isAsset(file))) continue;
    const source = prefix + file;
    const { size, mtimeMs } = await stat(path.join(root, source));
    const before = known[source];
    const outputThere = existsSync(path.join(root, outputOf(workspace, file)));
    if (outputThere && before?.size === size && before.mtimeMs === mtimeMs) {
      present[source] = before;
      continue;
    }
    const hash = sha256(await readFile(path.join(root, source)));
    if (!outputThere || before?.hash !== hash) changed.push(file);
    present[source] = { size, mtimeMs, hash };
  }
  return { present, changed };
};

const outputOf = (workspace, file) => `${workspace.to}/${isSource(file) ? file.replace(/\.ts$/, '.js') : file}`;

const writeWhole = async (target, content) => {
  await writeFile(target + partialSuffix, content);
  await rename(target + partialSuffix, target);
};

const compileFile = async (root, swc, workspace, file) => {
  const target = path.join(root, outputOf(workspace, file));
  const source = path.join(root, workspace.from, file);
  await mkdir(path.dirname(target), { recursive: true });
  if (!isSource(file)) return copyFile(source, target);
  const { code, map } = await swc.transformFile(source, {
    cwd: root,
    root,
    configFile: path.join(root, '.swcrc'),
    sourceMaps: true,
    sourceFileName: path.relative(path.dirname(target), source),
  });
  await writeWhole(`${target}.map`, map);
  await writeWhole(target, `${code}//# sourceMappingURL=${path.basename(target)}.map\n`);
};

const inParallel = async (items, limit, work) => {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: Math.min(limit, queue.length) }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
    }),
  );
};

/** Outputs whose source is gone would still be imported and hide a mistake. */
const removeStale = async (root, workspace, present) => {
  const expected = new Set();
  for (const source of Object.keys(present)) {
    const output = outputOf(workspace, source.slice(workspace.from.length + 1)).slice(workspace.to.length + 1);
    expected.add(output).add(`${output}.map`);
  }
  const outputs = await filesBelow(path.join(root, workspace.to));
  const stale = outputs.filter((file) => !expected.has(file));
  for (const file of stale) await rm(path.join(root, workspace.to, file), { force: true });
  for (const dir of new Set(stale.map((file) => path.dirname(path.join(root, workspace.to, file)))))
    await rmdir(dir).catch(() => undefined);
  return stale.length;
};

/**
 * Brings the outputs of the workspaces up to date. `state.files` is read and rewritten; a change of .swcrc or of the compiler
 * (`compilerKey`) rebuilds all. With `dryRun` it only tells whether there is something to do.
 */
export const buildWorkspaces = async ({ root, state, only, dryRun = false, report = () => undefined, loadSwc }) => {
  const compilerKey = sha256(await readFile(path.join(root, '.swcrc')));
  const known = state.compilerKey === compilerKey ? (state.files ?? {}) : {};
  const next = {};
  let work = 0;
  for (const workspace of await workspacesOf(root)) {
    if (only && !only.includes(workspace.name)) {
      for (const [source, entry] of Object.entries(known)) if (source.startsWith(`${workspace.from}/`)) next[source] = entry;
      continue;
    }
    const { present, changed } = await compare(root, workspace, known);
    const gone = Object.keys(known).filter((source) => source.startsWith(`${workspace.from}/`) && !(source in present));
    work += changed.length + gone.length;
    if (!dryRun && changed.length > 0) {
      const swc = await loadSwc();
      await inParallel(changed, parallelCompiles, (file) => compileFile(root, swc, workspace, file));
    }
    if (!dryRun && (changed.length > 0 || gone.length > 0)) {
      const removed = await removeStale(root, workspace, present);
      report(
        `build ${workspace.name}: ${changed.length} file${changed.length === 1 ? '' : 's'}${removed > 0 ? `, ${removed} stale removed` : ''}`,
      );
    }
    Object.assign(next, present);
  }
  if (!dryRun) {
    state.compilerKey = compilerKey;
    state.files = next;
  }
  return work;
};
