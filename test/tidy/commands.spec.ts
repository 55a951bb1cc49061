import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandTree, nouns } from '@lapidary/stampctl/command-tree';
import { buildProgram } from '@lapidary/stampctl/program';
import { allFiles, root } from './source-tree.js';

const text = (path: string): string => readFileSync(join(root, path), 'utf8');
const program = buildProgram(() => Promise.resolve(), '0.0.0', { out: () => undefined, err: () => undefined, columns: 80 });
const globalFlags = new Set(program.options.flatMap((o) => [o.short, o.long]).concat('-h', '--help'));
const scripts = new Set(Object.keys((JSON.parse(text('package.json')) as { scripts: object }).scripts));
/** `complete` is what a shell asks, `ls` follows "<noun>". */
const unlisted = new Set(['help', 'complete', 'ls']);
const npmVerbs = new Set(['ci', 'install', 'prune', 'run', 'test', 'start']);

/** What people read and type: the documents without the decisions, which are not edited after, and whatever else says a command. */
const told = allFiles().filter(
  (p) =>
    (p.endsWith('.md') && !p.startsWith('docs/adr/')) ||
    ['docker-compose.yml', 'infra/observability/alerts.yaml', 'infra/observability/metrics.ts'].includes(p) ||
    (/^(apps\/(stampctl|console|control-plane)|libs\/kernel|tools)\/.*\.(ts|tsx|mjs)$/.test(p) && !/\.(spec|fixture)\./.test(p)),
);

/** A template's own expressions, the inner ones first, stand for something that is not known here. */
const filled = (source: string): string => {
  const next = source.replaceAll(/\$\{[^{}]*\}/g, '<…>');
  return next === source ? source : filled(next);
};

/** Metrics are written in parts where they are shown, and so are variables of templates: it is enough that the code knows the name. */
const sources = allFiles()
  .filter((p) => /^(apps|libs|infra|tools)\/.*\.(ts|tsx|mjs)$/.test(p) && !/\.spec\./.test(p))
  .map(text)
  .join('\n');
const isKnown = (name: string): boolean => sources.includes(name);

/** Command lines in code of a document, or in a string of a program: what follows the program's name up to where the shell, or the text, goes on. */
const linesOf = (path: string, name: string): string[] => {
  const source = filled(text(path));
  const code = path.endsWith('.md')
    ? [...source.matchAll(/```[a-z]*\n([\s\S]*?)```/g), ...source.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`([^`]+)`/g)].map(
        (m) => m[1]!,
      )
    : [source];
  const before = path.endsWith('.md') ? '(?:^|[\\s($])' : '(?:[`\'"]|npx |/bin/|# +(?=npm|npx))';
  const call = new RegExp(`${before}${name}((?: +[^\\s\`'";|&)#]+)+)`, 'gm');
  return code.flatMap((part) => [...part.matchAll(call)].map((m) => m[1]!.trim()));
};

const problemOf = (line: string): string | undefined => {
  const words = line
    .replaceAll(/<[^>]*>|\[|\]|,|…/g, ' ')
    .split(/\s+/)
    .filter((w) => w !== '');
  // A drawing.
  if (!/^[-a-z]/i.test(words[0] ?? '-')) return undefined;
  const named = words.filter((w) => !w.startsWith('-'));
  const first = named.findIndex((w) => /^[a-z]/.test(w));
  // Options of every command may stand before it, with a value each.
  const path = [3, 2, 1].map((n) => named.slice(first, first + n).join(' ')).find((p) => commandTree.some((c) => c.path === p));
  if (path === undefined) {
    const noun = [2, 1].map((n) => named.slice(first, first + n).join(' ')).find((p) => Object.hasOwn(nouns, p));
    const next = named[first + (noun?.split(' ').length ?? 0)];
    if (noun !== undefined && next === undefined) return undefined;
    return words[0]?.startsWith('-') !== false || unlisted.has(words[0]) ? undefined : `there is no "stampctl ${line}"`;
  }
  const command = path.split(' ').reduce((at, name) => at.commands.find((c) => c.name() === name)!, program);
  const flags = new Set(command.options.flatMap((o) => [o.short, o.long]));
  const strange = words.map((w) => w.split('=')[0]!).filter((w) => /^--?[a-z]/i.test(w) && !flags.has(w) && !globalFlags.has(w));
  return strange.length > 0 ? `"stampctl ${path}" has no ${strange.join(', ')}` : undefined;
};

test.each(told)('%s tells only commands that there are, with options that they have', (path) => {
  expect(linesOf(path, 'stampctl(?:\\.js)?').flatMap((line) => problemOf(line) ?? [])).toEqual([]);
});

test.each(told)('%s tells only npm scripts that there are', (path) => {
  const asked = linesOf(path, 'npm').map((line) => line.split(/\s+/).filter((w) => !/^-(?!-$)/.test(w)));
  const strange = asked.filter(
    ([verb, script]) => !npmVerbs.has(verb!) || (verb === 'run' && script !== undefined && !scripts.has(script)),
  );
  expect(strange).toEqual([]);
});

const documents = told.filter((p) => p.endsWith('.md') || p.endsWith('.yml') || p.endsWith('.yaml'));

test.each(documents)('%s names only metrics, variables and addresses of the API that there are', (path) => {
  const source = text(path);
  const api = Object.keys((JSON.parse(text('docs/reference/openapi.json')) as { paths: object }).paths);
  const isPath = (asked: string): boolean => api.some((known) => new RegExp(`^${known.replaceAll(/\{[^}]*\}/g, '[^/]+')}$`).test(asked));
  const found = (pattern: RegExp): string[] => [...new Set([...source.matchAll(pattern)].map((m) => m[0]))];
  expect([
    ...found(/(?<![$\w])lapidary_[a-z0-9_]*[a-z0-9]\b/g).filter((name) => !isKnown(name.replace(/_(bucket|sum|count)$/, ''))),
    ...found(/\bLAPIDARY_[A-Z0-9_]*[A-Z0-9]\b/g).filter((name) => !isKnown(name)),
    ...found(/(?<=(?:GET|POST|PUT|PATCH|DELETE) )\/v1\/[\w/<>:{}.-]*\w>?/g).filter((asked) => !isPath(asked)),
  ]).toEqual([]);
});
