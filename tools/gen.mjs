import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/**
 * Runs every generator: compiled files named gen-*.js in tools, infra and the apps. Each writes its outputs, or with --check
 * fails when they are not what it would write. `npm run gen` and `npm run gen -- --check`.
 */
const root = path.dirname(import.meta.dirname);
const folders = ['tools/dist', 'infra/dist', ...readdirSync(path.join(root, 'apps')).map((app) => `apps/${app}/dist`)];
let failed = 0;
for (const folder of folders) {
  if (!existsSync(path.join(root, folder))) continue;
  for (const file of readdirSync(path.join(root, folder))
    .filter((name) => /^gen-.*\.js$/.test(name))
    .sort()) {
    const result = spawnSync(process.execPath, [path.join(root, folder, file), ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
    if (result.status !== 0) {
      failed += 1;
      process.stderr.write(`${folder}/${file} failed\n`);
    }
  }
}
process.exitCode = failed === 0 ? 0 : 1;
