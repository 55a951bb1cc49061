import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allFiles, root } from './source-tree.js';

const documents = allFiles().filter((p) => p.endsWith('.md') && !p.startsWith('docs/adr/'));
const text = (path: string): string => readFileSync(join(root, path), 'utf8');

/** `apps/router/src/pipeline/{identify,locate}.ts` → both paths. */
const expand = (path: string): string[] => {
  const match = /^(.*)\{([^}]*)\}(.*)$/.exec(path);
  return match ? match[2]!.split(',').flatMap((part) => expand(`${match[1]}${part}${match[3]}`)) : [path];
};

/** Paths in backticks that start in a folder of ours; patterns with <…>, * or … are left out, and so are built files. */
const pathsIn = (markdown: string): string[] =>
  [...markdown.matchAll(/`((?:apps|libs|infra|stamps|docs|test|bench|tools)\/[^`\s]*)`/g)]
    .map((m) => m[1]!)
    .filter((p) => !/[<>*…$]|\/dist\//.test(p))
    .flatMap(expand);

test.each(documents)('%s names only files that exist', (document) => {
  expect(pathsIn(text(document)).filter((p) => !existsSync(join(root, p.replace(/:\d+$/, ''))))).toEqual([]);
});

test.each(documents)('%s links only to files that exist', (document) => {
  const links = [...text(document).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)].map((m) => m[1]!);
  const folder = document.split('/').slice(0, -1).join('/');
  expect(links.filter((l) => !existsSync(join(root, folder, l)))).toEqual([]);
});

test('the README is short and shows each flow on one screen', () => {
  const readme = text('README.md');
  expect(readme.split('\n').length).toBeLessThanOrEqual(150);
  for (const flow of ['request', 'command', 'provision', 'decommission', 'replication', 'intents', 'drift']) {
    expect(readme).toContain(`docs/flows/${flow}.md`);
    expect(pathsIn(text(`docs/flows/${flow}.md`)).length).toBeGreaterThan(4);
  }
});

test('decisions are numbered one after the other, and say their number', () => {
  const decisions = allFiles().filter((p) => p.startsWith('docs/adr/'));
  const numbers = decisions.map((p) => Number(/\/(\d{4})-/.exec(p)?.[1])).sort((a, b) => a - b);
  expect(numbers).toEqual(numbers.map((_, i) => i + 1));
  expect(decisions.filter((p) => !text(p).startsWith(`# ${Number(/\/(\d{4})-/.exec(p)![1])}. `))).toEqual([]);
});

test('a link that says a number of a decision leads to the decision of that number', () => {
  const wrong = allFiles()
    .filter((p) => p.endsWith('.md'))
    .flatMap((p) =>
      [...text(p).matchAll(/\[(?:ADR )?(\d{1,4})\]\((?:[^)\s]*\/)?(\d{4})-[a-z0-9-]+\.md\)/g)]
        .filter(([, said, file]) => Number(said) !== Number(file))
        .map(([link]) => `${p}: ${link}`),
    );
  expect(wrong).toEqual([]);
});
