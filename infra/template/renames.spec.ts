import { jest } from '@jest/globals';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProvisionRunSchema, type ParsedProvisionRun, type ProvisionerMessage } from '@lapidary/contracts/provisioner-protocol';
import { changedKeys } from '../engine/diff.js';
import { containsSecret, containsUnknown, type PropertyMap, type PropertyValue } from '../engine/property-values.js';
import { provision } from '../engine/provisioner.js';
import { replacingKeys } from '../engine/replace-rules.js';
import { previewStack } from '../engine/synth/preview-stack.js';
import { makeUrn } from '../engine/urn.js';
import { renderSpec } from '../testing/render-stack.js';
import { euFacts, specOf } from '../testing/specs.js';
import type { GraphResource } from '../testing/synthesize.js';
import { projectName } from './stamp-template.js';
import { isStateful } from './stateful.js';
import { scratchFolder } from '../testing/scratch.js';
import '../testing/no-stack-traces.js';

/** An `up` of a hundred resources writes and syncs the state some two hundred times; on a busy disk that takes a minute. */
jest.setTimeout(180_000);

type Former = Pick<GraphResource, 'type' | 'name' | 'custom' | 'parent' | 'protect' | 'inputs'>;

/** What template 0.1.0 rendered for eu-2, as it was written down then. */
const former = async (): Promise<readonly (Former & { readonly urn: string })[]> => {
  const file = join(import.meta.dirname, '..', 'testing', 'fixtures', 'template-0.1.0.json');
  const urns = new Map<string, string>();
  return (JSON.parse(await readFile(file, 'utf8')) as Former[]).map((r) => {
    const urn = makeUrn('eu-2', projectName, r.type, r.name, urns.get(r.parent) ?? '');
    if (!r.custom) urns.set(r.name, urn);
    return { ...r, urn };
  });
};

/** Properties known on both sides: ids of others are checked with those; of generated secrets only the first value counts. */
const knownOf = (inputs: PropertyMap, other: PropertyMap): PropertyMap =>
  Object.fromEntries(Object.entries(inputs).filter(([key, value]) => isOpen(value) && other[key] !== undefined && isOpen(other[key])));

const isOpen = (value: PropertyValue): boolean => !containsUnknown(value) && !containsSecret(value);

describe('a stamp of template 0.1.0 that gets this one', () => {
  test('keeps everything that was renamed or moved; what goes is listed', async () => {
    const { graph } = await renderSpec(specOf());
    const heirOf = (old: { readonly urn: string }) => graph.find((r) => r.urn === old.urn || r.aliases.includes(old.urn));
    const without = (await former()).filter((old) => heirOf(old) === undefined).map((old) => `${old.type.split(':').at(-1)} ${old.name}`);
    // A small stamp has one way out now; the routes of its second zone lead through the first.
    expect(without).toEqual(['Eip eu-2-nat-b', 'NatGateway eu-2-nat-b']);
    const moved = (await former()).flatMap((old) => (heirOf(old)?.urn === old.urn || heirOf(old) === undefined ? [] : [old.name]));
    expect(moved).toEqual(expect.arrayContaining(['eu-2-key', 'eu-2-front-door', 'eu-2-agent-token', 'eu-2-services', 'eu-2-database']));
  });

  test('replaces nothing that holds data, for no property that the cloud can’t change', async () => {
    const { graph } = await renderSpec(specOf());
    const replaced = (await former()).flatMap((old) => {
      const heir = graph.find((r) => r.urn === old.urn || r.aliases.includes(old.urn));
      if (heir === undefined || !old.custom) return [];
      expect(heir.type).toBe(old.type);
      const keys = replacingKeys(old.type, changedKeys(knownOf(old.inputs, heir.inputs), knownOf(heir.inputs, old.inputs)));
      return keys.length === 0 ? [] : [{ type: old.type, name: old.name, keys }];
    });
    expect(replaced.filter(({ type }) => isStateful(type))).toEqual([]);
    // Each revision of a task definition is a new one.
    expect(new Set(replaced.map(({ type }) => type))).toEqual(new Set(['aws:ecs/taskDefinition:TaskDefinition']));
  });
});

describe('on the embedded engine', () => {
  let home: string;
  beforeEach(async () => {
    home = await scratchFolder('renames');
    await writeFile(join(home, 'passphrase'), 'a passphrase for tests');
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const runOf = (operation: ParsedProvisionRun['operation']): ParsedProvisionRun =>
    ProvisionRunSchema.parse({
      operation,
      spec: specOf(),
      regionFacts: euFacts,
      engine: 'embedded',
      stateDir: join(home, 'state'),
      passphraseFile: join(home, 'passphrase'),
      local: null,
    });

  test('a state under the former names is adopted without a change; under a name that nobody had it is not', async () => {
    const messages: ProvisionerMessage[] = [];
    await provision(runOf('up'), (message) => messages.push(message), new AbortController().signal);
    expect(messages.at(-1)?.type).toBe('result');
    const file = join(home, 'state', 'eu-2.stack.json');
    const made = await readFile(file, 'utf8');
    const { graph } = await renderSpec(specOf());
    const preview = async () =>
      (await previewStack(runOf('preview'), new AbortController().signal)).plan.map(({ op, name }) => `${op} ${name}`);

    // From the leaves up, so that no URN is a part of one that is still to be renamed.
    const renamed = graph.filter((r) => r.aliases.length > 0).toSorted((a, b) => b.urn.length - a.urn.length);
    expect(renamed.length).toBeGreaterThan(8);
    const asBefore = renamed.reduce((text, r) => text.replaceAll(`"${r.urn}"`, `"${r.aliases[0]}"`), made);
    expect(asBefore).not.toBe(made);
    await writeFile(file, asBefore);
    expect(await preview()).toEqual([]);

    const topic = graph.find((r) => r.name === 'eu-2-dashboard')!.urn;
    await writeFile(file, made.replaceAll(topic, topic.replace('eu-2-dashboard', 'eu-2-overview')));
    expect((await preview()).toSorted()).toEqual(['create eu-2-dashboard', 'delete eu-2-overview']);
  });
});
