import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { root } from '../own-fleet.ts';

const run = promisify(execFile);

/** Exact, so that figures can be compared; nothing of the product depends on them, so they are fetched only for this benchmark. */
const versions = {
  pouchdb: '9.0.0',
  'express-pouchdb': '4.2.0',
  express: '4.21.2',
  '@automerge/automerge': '3.5.0',
  '@automerge/automerge-repo': '2.5.6',
  '@automerge/automerge-repo-network-websocket': '2.5.6',
  ws: '8.23.0',
  yjs: '13.6.33',
};
const peersFolder = path.join(root, '.lapidary/peers/replication');

/** Installs them below `.lapidary/peers`, once. Throws where the registry can't be reached. */
export const ensureNpmPeers = async (): Promise<void> => {
  const manifest = path.join(peersFolder, 'package.json');
  const wanted = `${JSON.stringify({ private: true, type: 'module', dependencies: versions }, null, 2)}\n`;
  const done = path.join(peersFolder, `node_modules/yjs/package.json`);
  if (existsSync(done)) return;
  await mkdir(peersFolder, { recursive: true });
  await writeFile(manifest, wanted);
  await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: peersFolder, maxBuffer: 16 * 1024 * 1024 });
};

registerHooks({
  resolve: (specifier, context, next) =>
    specifier.startsWith('peer:')
      ? next(specifier.slice('peer:'.length), { ...context, parentURL: pathToFileURL(path.join(peersFolder, 'index.js')).href })
      : next(specifier, context),
});

/** A peer's module; its types are not installed here, so each user says what it needs of it. */
export const peer = async <T>(name: keyof typeof versions): Promise<T> => (await import(`peer:${name}`)) as T;
