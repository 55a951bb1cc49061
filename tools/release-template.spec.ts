import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { buildRelease, releasedFiles, sameFiles } from './release-template.js';

const root = path.resolve(import.meta.dirname, '..');

test('a version that is released is not changed any more: what renders otherwise has another version', async () => {
  const { version, files } = await buildRelease(root);
  expect([...files.keys()].toSorted()).toEqual(expect.arrayContaining(['aws-stamp.mjs', 'local-stamp.mjs', 'template.mjs']));
  const released = await releasedFiles(root, version);
  expect(released === undefined || sameFiles(files, released)).toBe(true);
});

test('the release before this one is kept: without it no roll-out of this one could be taken back', async () => {
  const { version } = await buildRelease(root);
  const kept = await readdir(path.join(root, 'infra/template/releases'));
  expect(kept.filter((name) => name !== version).length).toBeGreaterThan(0);
});

test('a release that differs in one file, or lacks one, is another', async () => {
  const { files } = await buildRelease(root);
  const [[name, text] = ['', '']] = files;
  expect(sameFiles(files, new Map(files))).toBe(true);
  expect(sameFiles(files, new Map([...files, [name, `${text} `]]))).toBe(false);
  expect(sameFiles(files, new Map([...files].slice(1)))).toBe(false);
});
