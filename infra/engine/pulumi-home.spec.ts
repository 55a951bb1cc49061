import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pulumiHomeIn } from './pulumi-home.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lapidary-pulumi-home-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('plugins that are baked into the image are found below the home of every run, and stay when a run is removed', async () => {
  const plugins = join(directory, 'image', 'plugins');
  await mkdir(join(plugins, 'resource-aws-v7.48.0'), { recursive: true });
  const [one, two] = [await pulumiHomeIn(join(directory, 'run-1'), plugins), await pulumiHomeIn(join(directory, 'run-2'), plugins)];
  expect(one).not.toBe(two);
  for (const home of [one, two]) expect(await readdir(join(home, 'plugins'))).toEqual(['resource-aws-v7.48.0']);
  // What one run installs, the next one has.
  await writeFile(join(one, 'plugins', 'resource-random-v4.lock'), 'x');
  await writeFile(join(one, 'credentials.json'), 'of one run only');
  await rm(join(directory, 'run-1'), { recursive: true, force: true });
  expect(await readFile(join(two, 'plugins', 'resource-random-v4.lock'), 'utf8')).toBe('x');
  expect(await readdir(two)).toEqual(['plugins']);
});

test('a plugin folder that is not there yet is made, so that the first run fills it for all', async () => {
  const plugins = join(directory, 'later', 'plugins');
  const home = await pulumiHomeIn(join(directory, 'run'), plugins);
  await writeFile(join(home, 'plugins', 'one'), '');
  expect(await readdir(plugins)).toEqual(['one']);
});
