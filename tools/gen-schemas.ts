import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { compatibilityRules, type SchemaBreak } from '@lapidary/contracts/schemas/compatibility-rules';
import { breaksBetween } from '@lapidary/contracts/schemas/compatibility';
import { textOf, type SchemaNode } from '@lapidary/contracts/schemas/schema-node';
import { jsonSchemaOf, wireSchemas } from '@lapidary/contracts/schemas/wire-schemas';
import { digestOf } from '@lapidary/kernel/canonical-json';

/**
 * `npm run schemas`: compares the schemas of the wire with the released files, libs/contracts/schemas/<type>.json, and writes
 * those that are new or changed compatibly. A change that breaks readers is refused and nothing is written (P-SC2). What a file held
 * before is kept in schemas/earlier/<type>.<digest>.json: regions in the field may run any of these, so each is compared.
 * `--check` writes nothing and also fails where a file is not what would be written. Exit code 1 on either.
 */
export interface SchemaReport {
  readonly broken: readonly { readonly name: string; readonly breaks: readonly SchemaBreak[] }[];
  /** New, or changed so that both sides still read it. */
  readonly stale: readonly string[];
}

/** Name → schema of the code; tests put few here. */
type Types = typeof wireSchemas;

const textFor = (types: Types, name: string): string =>
  `${JSON.stringify({ $id: `lapidary/${name}.json`, ...jsonSchemaOf(types, name) }, null, 2)}\n`;

export const compareSchemas = async (folder: string, types: Types = wireSchemas): Promise<SchemaReport> => {
  const broken: { name: string; breaks: SchemaBreak[] }[] = [];
  const stale: string[] = [];
  const released = (await readdir(folder).catch(() => [])).filter((f) => f.endsWith('.json')).map((f) => f.slice(0, -'.json'.length));
  for (const name of released.filter((n) => !(n in types)))
    broken.push({ name, breaks: [{ rule: 'type-unreleased', path: '.', detail: '' }] });
  for (const name of Object.keys(types)) {
    const text = textFor(types, name);
    const present = released.includes(name) ? await readFile(path.join(folder, `${name}.json`), 'utf8') : undefined;
    if (present === text) continue;
    const before = present === undefined ? [] : [JSON.parse(present) as SchemaNode, ...(await earlierForms(folder, name))];
    const breaks = before.flatMap((form) => breaksBetween(form, JSON.parse(text) as SchemaNode));
    if (breaks.length > 0) broken.push({ name, breaks });
    else stale.push(name);
  }
  return { broken, stale };
};

export const releaseSchemas = async (folder: string, names: readonly string[], types: Types = wireSchemas): Promise<void> => {
  await mkdir(path.join(folder, 'earlier'), { recursive: true });
  for (const name of names) {
    const file = path.join(folder, `${name}.json`);
    const before = await readFile(file, 'utf8').catch(() => null);
    await writeFile(file, textFor(types, name));
    if (before !== null) await keepEarlier(folder, name, JSON.parse(before) as SchemaNode, jsonSchemaOf(types, name));
  }
};

/** Other words in a description make no other form. */
const keepEarlier = async (folder: string, name: string, before: SchemaNode, now: SchemaNode): Promise<void> => {
  if (textOf(before, before) === textOf(now, now)) return;
  const file = path.join(folder, 'earlier', `${name}.${digestOf(before).slice(0, 16)}.json`);
  await writeFile(file, `${JSON.stringify(before, null, 2)}\n`);
};

const earlierForms = async (folder: string, name: string): Promise<SchemaNode[]> => {
  const files = (await readdir(path.join(folder, 'earlier')).catch(() => [])).filter(
    (file) => /^(.+)\.[0-9a-f]{16}\.json$/.exec(file)?.[1] === name,
  );
  return await Promise.all(files.map(async (file) => JSON.parse(await readFile(path.join(folder, 'earlier', file), 'utf8')) as SchemaNode));
};

/** What processes know of the released schemas at run time, to compare over the fleet: name and digest of each, and one over all. */
export const releasedText = (types: Types): string => {
  const digests = Object.fromEntries(
    Object.keys(types)
      .sort()
      .map((name) => [name, digestOf(jsonSchemaOf(types, name)).slice(0, 16)]),
  );
  return [
    '/** Written by `npm run schemas`: the wire’s schemas by name, each with the first 64 bits of its sha256. */',
    'export const releasedSchemas: Readonly<Record<string, string>> = {',
    ...Object.entries(digests).map(([name, digest]) => `  '${name}': '${digest}',`),
    '};',
    '',
    '/** Of all of them together: processes with one digest read and write the same. */',
    `export const releasedDigest = '${digestOf(digests).slice(0, 16)}';`,
    '',
  ].join('\n');
};

const lineOf = ({ rule, path: where, detail }: SchemaBreak): string =>
  `  ${where}: ${compatibilityRules[rule].change}${detail === '' ? '' : ` (${detail})`}; breaks ${compatibilityRules[rule].breaks.join(' and ')} [${rule}]`;

const main = async (): Promise<number> => {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const folder = path.resolve(import.meta.dirname, '../../libs/contracts/schemas');
  const releasedFile = path.resolve(folder, '../src/schemas/released.ts');
  const { broken, stale } = await compareSchemas(folder);
  const released = releasedText(wireSchemas);
  const isTold = (await readFile(releasedFile, 'utf8').catch(() => '')) === released;
  for (const { name, breaks } of broken) process.stderr.write([`${name} needs a new version:`, ...breaks.map(lineOf), ''].join('\n'));
  if (broken.length > 0) return 1;
  if (!values.check) {
    await releaseSchemas(folder, stale);
    if (!isTold) await writeFile(releasedFile, released);
    return 0;
  }
  if (stale.length === 0 && isTold) return 0;
  process.stderr.write(`Not released yet: ${stale.join(', ') || path.basename(releasedFile)}. npm run schemas releases them.\n`);
  return 1;
};

if (import.meta.main) process.exitCode = await main();
