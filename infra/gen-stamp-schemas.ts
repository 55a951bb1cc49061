import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { RegionsFileSchema, StampDefaultsSchema, StampFileSchema } from '@lapidary/contracts/stamp-spec';

/**
 * Writes stamps/schema/*.schema.json from the zod schemas that the control plane validates with, for editors and for
 * people. `--check` writes nothing and ends with 1 where a file is not what would be written.
 */
const schemas = { stamp: StampFileSchema, defaults: StampDefaultsSchema, regions: RegionsFileSchema } as const;

/** Text of one schema file: JSON Schema 2020-12 of what a person writes (before defaults and transforms). */
export const renderSchema = (name: keyof typeof schemas): string =>
  `${JSON.stringify({ $id: `lapidary/${name}.schema.json`, ...z.toJSONSchema(schemas[name], { io: 'input' }) }, null, 2)}\n`;

export const schemaNames = Object.keys(schemas) as (keyof typeof schemas)[];

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: { check: { type: 'boolean', default: false }, dir: { type: 'string', default: 'stamps/schema' } },
  });
  const stale: string[] = [];
  for (const name of schemaNames) {
    const file = `${values.dir}/${name}.schema.json`;
    const text = renderSchema(name);
    const present = await readFile(file, 'utf8').catch(() => '');
    if (present === text) continue;
    stale.push(file);
    if (!values.check) await writeFile(file, text);
  }
  if (values.check && stale.length > 0) {
    process.stderr.write(`Not up to date: ${stale.join(', ')}. Run the generator without --check.\n`);
    return 1;
  }
  return 0;
};

if (import.meta.main) process.exitCode = await main();
