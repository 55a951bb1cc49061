import { readFileSync, writeFileSync } from 'node:fs';
import { renderReference } from './reference/render-reference.js';

const target = new URL('../../../docs/reference/stampctl.md', import.meta.url);

/** Writes the reference, or with --check ends with 1 where the file is not what would be written. */
const generate = (check: boolean): number => {
  const wanted = renderReference();
  if (!check) {
    writeFileSync(target, wanted);
    return 0;
  }
  if (readFileSync(target, 'utf8') === wanted) return 0;
  process.stderr.write('docs/reference/stampctl.md is out of date: run the generator and commit the result\n');
  return 1;
};

process.exitCode = generate(process.argv.includes('--check'));
