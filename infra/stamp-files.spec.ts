import { Ajv2020 } from 'ajv/dist/2020.js';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { RegionsFileSchema, StampDefaultsSchema, StampFileSchema } from '@lapidary/contracts/stamp-spec';
import { renderSchema, schemaNames } from './gen-stamp-schemas.js';

const stamps = join(import.meta.dirname, '..', 'stamps');
const files = readdirSync(stamps).filter((file) => file.endsWith('.yaml'));
const kindOf = (file: string) => (file === 'regions.yaml' ? 'regions' : file === 'defaults.yaml' ? 'defaults' : 'stamp');
const zodSchemas = { regions: RegionsFileSchema, defaults: StampDefaultsSchema, stamp: StampFileSchema };
const validator = (kind: string) => {
  const schema = JSON.parse(readFileSync(join(stamps, 'schema', `${kind}.schema.json`), 'utf8')) as object;
  return new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
};

describe('stamps/*.yaml', () => {
  test.each(files)('%s is valid for its schema and names it for editors', (file) => {
    const text = readFileSync(join(stamps, file), 'utf8');
    const kind = kindOf(file);
    expect(text.split('\n')[0]).toBe(`# yaml-language-server: $schema=./schema/${kind}.schema.json`);
    const validate = validator(kind);
    expect({ valid: validate(parse(text)), errors: validate.errors }).toEqual({ valid: true, errors: null });
    expect(zodSchemas[kind].safeParse(parse(text)).error).toBeUndefined();
    if (kind === 'stamp') expect((parse(text) as { name: string }).name).toBe(file.slice(0, -'.yaml'.length));
  });

  test.each([
    ['an unknown field', { name: 'eu-1', region: 'eu', colour: 'red' }],
    ['capacity 0', { name: 'eu-1', region: 'eu', capacity: { units: 0 } }],
    ['a name that is none', { name: 'EU_1', region: 'eu' }],
    ['an unknown driver', { name: 'eu-1', region: 'eu', driver: 'gcp' }],
    ['no region', { name: 'eu-1' }],
  ])('the schema refuses %s', (_what, value) => {
    expect(validator('stamp')(value)).toBe(false);
  });

  test.each(schemaNames)('schema/%s.schema.json is what the generator writes', (name) => {
    expect(readFileSync(join(stamps, 'schema', `${name}.schema.json`), 'utf8')).toBe(renderSchema(name));
  });
});
