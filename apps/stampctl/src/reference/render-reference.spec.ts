import { readFileSync } from 'node:fs';
import { commandTree } from '../command-tree.js';
import { renderReference } from './render-reference.js';

test('docs/reference/stampctl.md is what the command tree says', () => {
  expect(readFileSync(new URL('../../../../docs/reference/stampctl.md', import.meta.url), 'utf8')).toBe(renderReference());
});

test.each(commandTree.map((spec) => [spec.path, spec] as const))('%s can be loaded, and its examples call it', async (path, spec) => {
  expect(typeof (await spec.load())).toBe('function');
  for (const example of spec.examples) expect(example).toContain(`stampctl ${path}`);
});
