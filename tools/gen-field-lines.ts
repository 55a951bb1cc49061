import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compileString, type CompilerOptions } from 'assemblyscript/asc';

/**
 * Compiles apps/router/wasm/field-lines.ts into apps/router/src/http1/field-lines-wasm.ts, so that programs and tests need no file beside their own.
 * `--check` writes nothing and ends with 1 where the text is not what would be written.
 */
const source = 'apps/router/wasm/field-lines.ts';
const target = 'apps/router/src/http1/field-lines-wasm.ts';
const options: CompilerOptions = { enable: ['simd'], optimizeLevel: 3, runtime: 'stub', importMemory: true };

const fieldLinesText = async (root: string): Promise<string> => {
  const { error, binary, stderr } = await compileString({ 'field-lines.ts': readFileSync(path.join(root, source), 'utf8') }, options);
  if (error || !binary) throw new Error(`${source}: ${stderr.toString()}`);
  return [
    `// Generated from ${source} (npm run gen).`,
    '/** The module, in base64. */',
    'export const fieldLinesWasm =',
    `  '${Buffer.from(binary).toString('base64')}';`,
    '',
  ].join('\n');
};

const generate = async (root: string, check: boolean): Promise<number> => {
  const wanted = await fieldLinesText(root);
  if (readFileSync(path.join(root, target), 'utf8') === wanted) return 0;
  if (check) process.stderr.write(`${target}: not up to date, run "npm run gen"\n`);
  else writeFileSync(path.join(root, target), wanted);
  return check ? 1 : 0;
};

if (import.meta.main) process.exitCode = await generate(path.resolve(import.meta.dirname, '../..'), process.argv.includes('--check'));
