import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StampFileSchema } from '@lapidary/contracts/stamp-spec';
import { isAppError, type AppError } from '@lapidary/kernel/app-error';
import fc from 'fast-check';
import { parseSpecText, resolveSpec } from './spec-files.js';
import { changedPaths, mergeSpec, type SpecOverrides } from './spec-merge.js';

const regions = `regions:
  eu:
    displayName: Europe
    jurisdiction: eu
    location: { latitude: 50, longitude: 8 }
    aws: { region: eu-central-1 }
`;
const defaults = `driver: local
profile: small
ring: broad
isolation: pooled
capacity: { units: 100 }
workload: { version: "1.0.0" }
labels: { team: platform }
`;

describe('stamp specs', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lapidary-specs-'));
    await writeFile(join(dir, 'regions.yaml'), regions);
    await writeFile(join(dir, 'defaults.yaml'), defaults);
  });
  afterEach(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  const put = (file: string, text: string): Promise<void> => writeFile(join(dir, file), text);
  const resolve = (name: string, ...overrides: SpecOverrides[]) => resolveSpec(dir, name, () => overrides);
  const refusal = async (name: string, ...overrides: SpecOverrides[]): Promise<AppError> => {
    const error: unknown = await resolve(name, ...overrides).then(
      () => new Error('accepted'),
      (e: unknown) => e,
    );
    if (!isAppError(error)) throw error as Error;
    return error;
  };

  it('a stamp without file is rendered from the defaults', async () => {
    expect(await resolve('eu-2')).toMatchObject({
      source: 'defaults',
      spec: { name: 'eu-2', region: 'eu', capacity: { units: 100 }, labels: { team: 'platform' } },
      regionFacts: { jurisdiction: 'eu', awsRegion: 'eu-central-1' },
    });
  });

  it('file over defaults, request over file; labels add up', async () => {
    await put('eu-2.yaml', 'name: eu-2\nregion: eu\nring: canary\ncapacity: { units: 5 }\nlabels: { zone: a }\n');
    const { spec, source } = await resolve('eu-2', { capacity: { units: 7 }, labels: { who: 'me' } });
    expect(source).toBe('file');
    expect(spec).toMatchObject({ ring: 'canary', capacity: { units: 7 }, labels: { team: 'platform', zone: 'a', who: 'me' } });
  });

  it('the digest depends on the spec alone', async () => {
    const before = await resolve('eu-2');
    await put('defaults.yaml', defaults.split('\n').reverse().join('\n'));
    expect((await resolve('eu-2')).digest).toBe(before.digest);
    expect((await resolve('eu-2', { ring: 'early' })).digest).not.toBe(before.digest);
  });

  it('every problem of every file is told at once, with file and path', async () => {
    await put('defaults.yaml', defaults.replace('small', 'enormous').replace('units: 100', 'units: 0'));
    await put('eu-2.yaml', 'name: eu-3\nregion: eu\ncolour: red\nring: [1]\n');
    const error = await refusal('eu-2');
    expect(error.code).toBe('spec_invalid');
    const paths = error.fields.map((f) => f.path);
    expect(paths).toEqual(
      expect.arrayContaining(['defaults.yaml: profile', 'defaults.yaml: capacity.units', 'eu-2.yaml: ring', 'eu-2.yaml']),
    );
    expect(error.message).toMatch(/colour/);
  });

  it('a file that is called otherwise than its stamp is refused', async () => {
    await put('eu-2.yaml', 'name: eu-3\nregion: eu\n');
    expect((await refusal('eu-2')).fields).toEqual([{ path: 'eu-2.yaml: name', message: expect.any(String) }]);
  });

  it('an unknown region is told as such, with those that there are', async () => {
    const error = await refusal('mars-1');
    expect(error.code).toBe('unknown_region');
    expect(error.details).toEqual({ region: 'mars', known: ['eu'] });
    expect((await refusal('constructor-1')).code).toBe('unknown_region');
  });

  it.each([
    '../eu-1',
    '..',
    'eu-1/../../x',
    'eu-1\0',
    '/etc/passwd',
    'EU-1',
    'eu-0',
    'eu',
    '',
    'eu-1.yaml',
    `${'e'.repeat(300)}-1`,
    'regions',
    'defaults',
  ])('no name leads out of the directory: %j', async (name) => {
    expect((await refusal(name)).code).toBe('invalid_input');
  });

  it('a request that does not fit is told by the field that was asked for', async () => {
    expect((await refusal('eu-2', { profile: 'gigantic' })).fields).toEqual([{ path: 'request: profile', message: expect.any(String) }]);
  });

  it('missing files are told', async () => {
    await rm(join(dir, 'defaults.yaml'));
    expect((await refusal('eu-2')).fields).toEqual([{ path: 'defaults.yaml', message: 'missing' }]);
    await rm(join(dir, 'regions.yaml'));
    expect((await refusal('eu-2')).fields).toContainEqual({ path: 'regions.yaml', message: 'missing' });
  });

  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    ...'bcdefghi'.split('').map((c, i) => `${c}: &${c} [${`*${'abcdefgh'[i]}, `.repeat(8)}*${'abcdefgh'[i]}]`),
  ].join('\n');
  it.each([
    ['a bomb of aliases', bomb],
    ['one alias', 'name: &n eu-2\nregion: eu\nlabels: { x: *n }\n'],
    ['a tag', 'name: !!js/function "function () {}"\nregion: eu\n'],
    ['a doubled key', 'name: eu-2\nname: eu-2\nregion: eu\n'],
    ['two documents', 'name: eu-2\n---\nname: eu-2\n'],
    ['unbalanced brackets', 'name: [eu-2\n'],
    ['a list', '- name\n'],
    ['nothing', ''],
    ['binary rubbish', '\u0000\u0001\ufffd{{{'],
    ['a __proto__ key', 'name: eu-2\nregion: eu\n__proto__: { driver: aws }\n'],
    ['constructor', 'name: eu-2\nregion: eu\nconstructor: { prototype: {} }\n'],
    ['deep nesting', `name: ${'['.repeat(3000)}`],
    ['too much', `name: eu-2\nregion: eu\n# ${'x'.repeat(70_000)}`],
  ])('refused with file and place: %s', async (_what, text) => {
    await put('eu-2.yaml', text);
    const error = await refusal('eu-2');
    expect(error.code).toBe('spec_invalid');
    expect(error.fields[0]!.path).toMatch(/^eu-2\.yaml/);
  });

  it('a __proto__ label changes no prototype', async () => {
    await put('eu-2.yaml', 'name: eu-2\nregion: eu\nlabels: { __proto__: polluted, ok: fine }\n');
    const outcome: unknown = await resolve('eu-2').catch((e: unknown) => e);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    if (isAppError(outcome)) expect(outcome.code).toBe('spec_invalid');
    else expect(outcome).toMatchObject({ spec: { labels: { ok: 'fine', team: 'platform' } } });
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  it('whatever text stands in a file, it is parsed or refused, never thrown at the caller', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.string({ unit: fc.constantFrom('{', '}', '[', ']', ':', '-', '&', '*', '!', '|', '\n', ' ', 'a', '?', '<') }),
        ),
        (text) => {
          const parsed = parseSpecText('x.yaml', text, StampFileSchema);
          expect(parsed.value === null).toBe(parsed.problems.length > 0);
        },
      ),
    );
  });

  it('merging takes each field from the last that has it', () => {
    const base = {
      driver: 'local',
      profile: 'small',
      ring: 'broad',
      isolation: 'pooled',
      capacity: { units: 1 },
      workload: { version: '1' },
      labels: {},
    } as const;
    const merged = mergeSpec('eu-1' as never, 'eu' as never, base, null, { ring: 'early' }, { ring: undefined, capacity: { units: 3 } });
    expect(merged).toMatchObject({ ok: true, spec: { ring: 'early', capacity: { units: 3 } } });
  });

  it('differences are told by path', () => {
    expect(changedPaths({ a: 1, b: { c: 1, d: [1] } }, { a: 1, b: { c: 2, d: [1] }, e: 1 })).toEqual(['b.c', 'e']);
  });
});
