import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { configPage } from './gen/config-page.js';
import { errorsPage } from './gen/errors-page.js';
import { metricsPage } from './gen/metrics-page.js';
import { schemasPage } from './gen/schemas-page.js';
import { statesPage } from './gen/states-page.js';
import { whatWorksPage } from './gen/what-works-page.js';

/**
 * Writes the reference pages that follow from code: docs/reference/{config,errors,metrics,schemas,states,what-works-when}.md. `--check` writes
 * nothing and ends with 1 where a page is not what would be written.
 */
const folder = path.resolve(import.meta.dirname, '../../docs/reference');
const pages = {
  config: configPage,
  errors: errorsPage,
  metrics: metricsPage,
  schemas: schemasPage,
  states: statesPage,
  'what-works-when': whatWorksPage,
};

const presentText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

const check = process.argv.includes('--check');
mkdirSync(folder, { recursive: true });
for (const [name, render] of Object.entries(pages)) {
  const file = path.join(folder, `${name}.md`);
  const text = render();
  if (presentText(file) === text) continue;
  if (check) {
    process.exitCode = 1;
    process.stderr.write(`docs/reference/${name}.md is not up to date: npm run gen\n`);
  } else writeFileSync(file, text);
}
