import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StampNameSchema } from '@lapidary/contracts/api/common';
import {
  RegionsFileSchema,
  StampDefaultsSchema,
  StampFileSchema,
  regionFactsOf,
  type RegionFacts,
  type RegionsFile,
  type StampFile,
  type StampSpec,
} from '@lapidary/contracts/stamp-spec';
import { AppError, type FieldProblem } from '@lapidary/kernel/app-error';
import { digestOf } from '@lapidary/kernel/canonical-json';
import { regionOfStamp, type RegionName, type StampName } from '@lapidary/kernel/names';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { specFileBytesMax } from './provision-limits.js';
import { mergeSpec, type SpecOverrides } from './spec-merge.js';

export interface ResolvedSpec {
  readonly spec: StampSpec;
  readonly digest: string;
  /** Where it comes from: the stamp's own file over the defaults, or the defaults alone. */
  readonly source: 'file' | 'defaults';
  /** Which of the two says the version of the workload. */
  readonly versionFrom: 'file' | 'defaults';
  readonly regionFacts: RegionFacts;
}

type Parsed<T> =
  | { readonly value: T; readonly problems: readonly [] }
  | { readonly value: null; readonly problems: readonly FieldProblem[] };

const regionsFile = 'regions.yaml';
const defaultsFile = 'defaults.yaml';

/**
 * Reads the spec files of one stamp and puts them together with what was asked for. Every problem of every file is told
 * at once, as `<file>: <path>`. The name is a stamp name (region, hyphen, number), so no name leads out of `directory`.
 */
export const resolveSpec = async (
  directory: string,
  name: string,
  overridesFor: (source: ResolvedSpec['source']) => readonly SpecOverrides[],
): Promise<ResolvedSpec> => {
  const { stamp, region } = parseName(name);
  const [regions, defaults, file] = await Promise.all([
    readSpecFile(directory, regionsFile, RegionsFileSchema),
    readSpecFile(directory, defaultsFile, StampDefaultsSchema),
    readSpecFile(directory, `${stamp}.yaml`, StampFileSchema, { optional: true }),
  ]);
  if (!regions)
    throw new AppError('spec_invalid', `${regionsFile} is missing in ${directory}`, {
      fields: [{ path: regionsFile, message: 'missing' }],
    });
  if (regions.value !== null && !Object.hasOwn(regions.value.regions, region)) throw unknownRegion(region, regions.value);
  const problems = [
    ...regions.problems,
    ...(defaults?.problems ?? [{ path: defaultsFile, message: 'missing' }]),
    ...(file?.problems ?? []),
    ...misnamed(file?.value, stamp, region),
  ];
  const facts = regions.value?.regions[region];
  if (problems.length > 0 || !facts || !defaults?.value) throw invalid(problems);
  const source = file ? 'file' : 'defaults';
  const merged = mergeSpec(stamp, region, defaults.value, file?.value ?? null, ...overridesFor(source));
  if (!merged.ok) throw invalid(merged.problems.map((p) => ({ path: `request: ${p.path}`, message: p.message })));
  return {
    spec: merged.spec,
    digest: digestOf(merged.spec),
    source,
    versionFrom: file?.value?.workload ? 'file' : 'defaults',
    regionFacts: regionFactsOf(facts),
  };
};

const parseName = (name: string): { stamp: StampName; region: RegionName } => {
  const region = regionOfStamp(name);
  const result = StampNameSchema.safeParse(name);
  if (region === null || !result.success) {
    const message = result.error?.issues[0]?.message ?? 'a stamp name is <region>-<number>, like eu-2';
    throw new AppError('invalid_input', message, { fields: [{ path: 'name', message }] });
  }
  return { stamp: name as StampName, region };
};

const unknownRegion = (region: string, file: RegionsFile): AppError => {
  const known = Object.keys(file.regions);
  return new AppError('unknown_region', `There is no region "${region}"; there is ${known.join(', ')}`, { details: { region, known } });
};

const misnamed = (file: StampFile | null | undefined, stamp: string, region: string): FieldProblem[] => [
  ...(file && file.name !== stamp ? [{ path: `${stamp}.yaml: name`, message: `must be ${stamp}, as the file is called` }] : []),
  ...(file && file.region !== region ? [{ path: `${stamp}.yaml: region`, message: `must be ${region}` }] : []),
];

const invalid = (problems: readonly FieldProblem[]): AppError =>
  new AppError('spec_invalid', problems.map((p) => `${p.path}: ${p.message}`).join('; '), { fields: problems });

/** Undefined: an optional file that is not there. Exported for tests. */
export const readSpecFile = async <T extends z.ZodType>(
  directory: string,
  file: string,
  schema: T,
  options: { readonly optional?: boolean } = {},
): Promise<Parsed<z.infer<T>> | undefined> => {
  const path = join(directory, file);
  try {
    const { size } = await stat(path);
    if (size > specFileBytesMax) return refused(file, [{ path: '', message: `has ${size} bytes; at most ${specFileBytesMax}` }]);
    return parseSpecText(file, await readFile(path, 'utf8'), schema);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' && options.optional) return undefined;
    return refused(file, [{ path: '', message: code === 'ENOENT' ? 'missing' : `can't be read (${code ?? 'error'})` }]);
  }
};

/**
 * YAML of one file against its schema. Aliases are refused: a spec is small, and ten lines of aliases can grow to
 * gigabytes. Tags are refused too: nothing in a spec is anything but text, numbers, maps and lists.
 */
export const parseSpecText = <T extends z.ZodType>(file: string, text: string, schema: T): Parsed<z.infer<T>> => {
  const document = parseDocument(text, { uniqueKeys: true, logLevel: 'silent', prettyErrors: false });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0)
    return refused(
      file,
      faults.map((f) => ({ path: '', message: `${f.message} (${lineOf(text, f.pos[0])})` })),
    );
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    return refused(file, [{ path: '', message: 'anchors and aliases are not allowed' }]);
  }
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data, problems: [] };
  return refused(
    file,
    result.error.issues.map((i) => ({ path: i.path.map(String).join('.'), message: i.message })),
  );
};

const lineOf = (text: string, position: number): string => `line ${text.slice(0, position).split('\n').length}`;

const refused = (file: string, problems: readonly FieldProblem[]): { value: null; problems: FieldProblem[] } => ({
  value: null,
  problems: problems.map((p) => ({ path: p.path === '' ? file : `${file}: ${p.path}`, message: p.message })),
});
