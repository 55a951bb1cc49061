import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allFiles, isTest, root, sources } from './source-tree.js';

const files = sources();
const product = files.filter((f) => !isTest(f.path));
const self = /^test\/tidy\//;

/** A file that is longer does more than one thing. */
const linesMax = 300;

const withText = (list: typeof files, pattern: RegExp): string[] =>
  list.filter((f) => !self.test(f.path) && pattern.test(f.text)).map((f) => f.path);

test('no barrels: the only index file is the Pulumi program', () => {
  expect(allFiles().filter((p) => /(^|\/)index\.tsx?$/.test(p))).toEqual(['infra/index.ts']);
});

test('no folder is called utils, common or helpers', () => {
  expect(allFiles().filter((p) => /(^|\/)(utils?|common|helpers?)\//.test(p))).toEqual([]);
});

test('files are kebab-case and short', () => {
  expect(product.filter((f) => !/^[a-z0-9.-]+$/.test(f.path.split('/').pop()!)).map((f) => f.path)).toEqual([]);
  expect(product.filter((f) => f.lines > linesMax).map((f) => `${f.path}: ${f.lines} lines`)).toEqual([]);
});

test('named exports only', () => {
  const allowed = new Set(['jest.config.js', 'apps/console/vite.config.ts']);
  expect(withText(product, /^export default /m).filter((p) => !allowed.has(p))).toEqual([]);
});

test('no forwardRef, no relation decorators, no request scope', () => {
  expect(withText(product, /\bforwardRef\(|@(OneToMany|ManyToOne|OneToOne|ManyToMany)\(|Scope\.REQUEST/)).toEqual([]);
});

test('the environment is read in the config loader only', () => {
  const allowed =
    /^libs\/config\/src\/load\.ts$|^tools\/|^bench\/|^infra\/engine\/|^apps\/stampctl\/src\/(main|context\/|output\/)|vite\.config/;
  expect(withText(product, /\bprocess\.env\b/).filter((p) => !allowed.test(p))).toEqual([]);
});

test('NATS subjects are built in one file only', () => {
  const literal = /[`'"](geo|dir|dirdigest|dirsnapshot|agents|routers|live|api)\.(\$\{|\*|>)/;
  const allowed = /^libs\/contracts\/src\/subjects\.ts$|^tools\/local\/nats-/;
  expect(withText(product, literal).filter((p) => !allowed.test(p))).toEqual([]);
});

test('nothing is left open in the code', () => {
  expect(withText(files, /\b(TODO|FIXME|XXX|HACK)\b/)).toEqual([]);
  expect(withText(files, /\b(it|test|describe)\.(only|todo)\b/)).toEqual([]);
});

test('every invariant is cited by a test', () => {
  const tests = files
    .filter((f) => /\.spec\.tsx?$/.test(f.path))
    .map((f) => f.text)
    .join('\n');
  const missing = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].filter((n) => !new RegExp(`\\bI${n}\\b`).test(tests));
  expect(missing).toEqual([]);
});

test('the lock file and the tracked texts name no address or path of a build machine', () => {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  expect(lock.includes('"resolved": "http')).toBe(false);
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
  const pattern = new RegExp(['/wo', 'rk/(main|shared)|/ro', 'ot/\\.'].join(''));
  const present = new Set(allFiles());
  const named = tracked.filter(
    (p) => !/\.(png|ico|woff2?)$/.test(p) && present.has(p) && pattern.test(readFileSync(join(root, p), 'utf8')),
  );
  expect(named).toEqual([]);
});
