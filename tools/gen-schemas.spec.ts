import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { compareSchemas, releaseSchemas } from './gen-schemas.js';

const type = 'lapidary.sample.changed.v1';
const types = {
  [type]: z.object({ name: z.string(), epoch: z.int() }),
  'lapidary.sample.removed.v1': z.object({ name: z.string() }),
};
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'schemas-'));
  await releaseSchemas(folder, Object.keys(types), types);
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const file = (name: string): string => path.join(folder, `${name}.json`);
const edit = async (change: (schema: { properties: Record<string, unknown>; required: string[] }) => void): Promise<void> => {
  const schema = JSON.parse(await readFile(file(type), 'utf8')) as { properties: Record<string, unknown>; required: string[] };
  change(schema);
  await writeFile(file(type), JSON.stringify(schema));
};

describe('P-SC2: the schemas of the wire', () => {
  test('what was released as it is needs nothing', async () => {
    expect(await compareSchemas(folder, types)).toEqual({ broken: [], stale: [] });
  });

  test('a type that is new waits for its release, and is then released', async () => {
    await rm(file(type));
    expect(await compareSchemas(folder, types)).toEqual({ broken: [], stale: [type] });
    await releaseSchemas(folder, [type], types);
    expect(await compareSchemas(folder, types)).toEqual({ broken: [], stale: [] });
  });

  test('a compatible change waits for its release', async () => {
    await edit((schema) => (schema.properties['epoch'] = { ...(schema.properties['epoch'] as object), description: 'other words' }));
    expect(await compareSchemas(folder, types)).toEqual({ broken: [], stale: [type] });
  });

  test('a change that breaks readers is refused with type, rule and path', async () => {
    await edit((schema) => schema.required.splice(schema.required.indexOf('epoch'), 1));
    expect(await compareSchemas(folder, types)).toMatchObject({
      broken: [{ name: type, breaks: [{ rule: 'field-made-required', path: 'epoch' }] }],
      stale: [],
    });
  });

  test('a released type can’t vanish', async () => {
    await writeFile(file('lapidary.sample.renamed.v1'), '{}');
    expect((await compareSchemas(folder, types)).broken).toMatchObject([
      { name: 'lapidary.sample.renamed.v1', breaks: [{ rule: 'type-unreleased' }] },
    ]);
  });
});
