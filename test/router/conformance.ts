/**
 * The corpus through real nginx and HAProxy, beside the router: `npm run conformance` writes docs/reference/http-conformance.md,
 * with --check it only compares. The page names the versions: another one may behave otherwise, and then the page is written anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compare } from './differential/compare.ts';
import { conformancePage } from './differential/page.ts';

const file = join(resolve(import.meta.dirname, '../..'), 'docs/reference/http-conformance.md');
const { names, rows } = await compare();
const page = conformancePage(names, rows);
if (!process.argv.includes('--check')) writeFileSync(file, page);
else if (readFileSync(file, 'utf8') !== page) {
  process.stderr.write('docs/reference/http-conformance.md is not what was found now: npm run conformance\n');
  process.exitCode = 1;
}
process.exit();
