#!/usr/bin/env node
// Plain JavaScript that any Node from 18 on can read: finds a Node that can run the rest, then runs it.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** commander 15 and listr2 11 need it. */
const nodeMajorMin = 22;
const here = dirname(realpathSync(fileURLToPath(import.meta.url)));

/** The Node that npm's platform packages brought, in the nearest node_modules upwards. */
const findNode = () => {
  const names = ['node_modules/.bin/node', `node_modules/node-${process.platform}-${process.arch}/bin/node`];
  for (let folder = here; ; folder = dirname(folder)) {
    const found = names.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined || dirname(folder) === folder) return found;
  }
};

const giveUp = (error, check) => {
  process.stderr.write(`error: ${error}\ncode:  config_invalid\ncheck: ${check}\n`);
  process.exit(2);
};

const runWith = (node) => {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself, being in the same process group; here it must only not end this process first.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => giveUp(`${node} cannot be started: ${error.message}`, 'Run "npm ci" in the checkout again.'));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
};

if (Number(process.versions.node.split('.')[0]) < nodeMajorMin) {
  const node = findNode();
  if (node === undefined || realpathSync(node) === realpathSync(process.execPath)) {
    giveUp(
      `stampctl needs Node ${nodeMajorMin} or newer, this is ${process.version}`,
      'Run "npm start" once: it installs one beside the project.',
    );
  } else runWith(node);
} else {
  const program = join(here, '../dist/main.js');
  if (!existsSync(program)) giveUp('stampctl has not been built yet', 'Run "npm start" or "npm run build" in the checkout.');
  // Compiled code is kept between calls: a command that runs for a tenth of a second should not parse for two.
  module.enableCompileCache?.();
  const { main } = await import(pathToFileURL(program).href);
  await main(process);
}
