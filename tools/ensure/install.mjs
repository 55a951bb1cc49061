import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, readdir, symlink } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { sha256 } from './build.mjs';

/** What decides which packages are there; a change of a script or a description needs no new install. */
const decisiveFields = [
  'name',
  'version',
  'workspaces',
  'bin',
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
  'overrides',
];

const readJson = async (file) => JSON.parse(await readFile(file, 'utf8'));

const workspaceManifests = async (root) => {
  const found = [];
  for (const pattern of (await readJson(path.join(root, 'package.json'))).workspaces ?? []) {
    const dirs = pattern.endsWith('/*')
      ? (await readdir(path.join(root, pattern.slice(0, -2))).catch(() => [])).sort().map((name) => `${pattern.slice(0, -2)}/${name}`)
      : [pattern];
    for (const dir of dirs) if (existsSync(path.join(root, dir, 'package.json'))) found.push(`${dir}/package.json`);
  }
  return found;
};

/** Changes exactly when another `npm ci` is due. */
export const installKey = async (root) => {
  const parts = [
    await readFile(path.join(root, 'package-lock.json'), 'utf8'),
    await readFile(path.join(root, '.npmrc'), 'utf8').catch(() => ''),
  ];
  for (const file of ['package.json', ...(await workspaceManifests(root))]) {
    const manifest = await readJson(path.join(root, file));
    parts.push(file, JSON.stringify(decisiveFields.map((field) => manifest[field] ?? null)));
  }
  return sha256(parts.join('\n'));
};

/**
 * Whether what npm says it installed is what the lock file asks for. Lets a checkout that was installed by hand stay as it is.
 * Optional packages of other platforms are rightly absent.
 */
export const installMatchesLock = (lock, installed, isThere = () => true) =>
  Object.entries(lock.packages ?? {}).every(([location, wanted]) => {
    if (!location.startsWith('node_modules/') && !location.includes('/node_modules/')) return true;
    const present = installed.packages?.[location];
    if (wanted.link)
      return (
        isThere(location) && Object.keys(lock.packages[wanted.resolved]?.bin ?? {}).every((bin) => isThere(`node_modules/.bin/${bin}`))
      );
    if (present === undefined) return wanted.optional === true || wanted.devOptional === true;
    return present.version === wanted.version;
  });

/** npm's own record of what is in node_modules, compared with the lock file. */
export const isInstalled = async (root) => {
  try {
    const lock = await readJson(path.join(root, 'package-lock.json'));
    const installed = await readJson(path.join(root, 'node_modules/.package-lock.json'));
    return installMatchesLock(lock, installed, (location) => existsSync(path.join(root, location)));
  } catch {
    return false;
  }
};

/** npm says nothing until it ends: after as long as this without a word people take it for stuck. */
const tellingMs = 20_000;

/** Scripts of packages are not run: what they would do for us (PostgreSQL's links) is done where it is used. */
export const npmCi = async (root, report, tellEveryMs = tellingMs) => {
  const npm = process.env['npm_execpath'];
  const [command, prefix] = npm && /\.c?js$/.test(npm) ? [process.execPath, [npm]] : ['npm', []];
  const started = Date.now();
  const tell = setInterval(() => report(`  npm ci is under way for ${Math.round((Date.now() - started) / 1000)} s`), tellEveryMs);
  try {
    const child = spawn(command, [...prefix, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [code, signal] = await once(child, 'close');
    if (code !== 0) throw new Error(`npm ci ended with ${code ?? signal}`);
  } finally {
    clearInterval(tell);
  }
};

/** Commands of our own workspaces: name, file, and where npm links it. */
const workspaceCommands = async (root) => {
  const found = [];
  for (const manifest of await workspaceManifests(root)) {
    const { bin = {} } = await readJson(path.join(root, manifest));
    for (const [name, file] of Object.entries(bin)) {
      found.push({ file: path.join(root, path.dirname(manifest), file), link: path.join(root, 'node_modules/.bin', name) });
    }
  }
  return found;
};

export const commandsAreLinked = async (root) => (await workspaceCommands(root)).every(({ link }) => existsSync(link));

/** npm links a workspace's command only if the lock file knows it already; `npx stampctl` must work after the first start. */
export const linkCommands = async (root) => {
  for (const { file, link } of await workspaceCommands(root)) {
    if (existsSync(link) || !existsSync(file)) continue;
    await chmod(file, 0o755);
    await mkdir(path.dirname(link), { recursive: true });
    await symlink(path.relative(path.dirname(link), file), link).catch((error) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
};

const nodeMajorMin = 24;

/**
 * node_modules/.bin/node is the Node that everything runs with: npm's platform package where there is one (Linux), else the
 * one that runs this, if it is new enough.
 */
export const ensureNode = async (root) => {
  const link = path.join(root, 'node_modules/.bin/node');
  if (existsSync(link)) return link;
  if (Number(process.versions.node.split('.')[0]) < nodeMajorMin) {
    throw new Error(
      `Node ${nodeMajorMin} or newer is needed, npm has no package of it for ${process.platform}-${process.arch}, and this is ${process.version}: install Node ${nodeMajorMin}`,
    );
  }
  await mkdir(path.dirname(link), { recursive: true });
  await symlink(process.execPath, link).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return link;
};
