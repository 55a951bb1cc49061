import { isNode, resolved, variantsOf, type SchemaNode } from '../schema-node.js';

/** A text that each pattern on the wire accepts. A pattern without one fails the tests: it is added here. */
const patternExamples: readonly string[] = [
  '2026-01-02T03:04:05.678Z',
  '1700000000000.0000.eu',
  'eu.01ARZ3NDEKTSV4RRFFQ69G5FAV',
  '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  'lapidary.stamp.updated.v1',
  '/v1/stamps',
  '/regions/eu',
  '0123456789abcdef',
  'prefer:eu',
  'stamp/eu-1',
  'eu-1',
  'eu',
  '7',
  '',
];

export interface SampleForm {
  /** Every field that may be there, or only those that must. */
  readonly full: boolean;
  /** Which of the alternatives of each union and list of values is taken, counted around. */
  readonly pick: number;
}

const textFor = (node: SchemaNode): string => {
  if (typeof node['pattern'] === 'string') {
    const pattern = new RegExp(node['pattern'], 'u');
    const example = patternExamples.find((text) => pattern.test(text) && text.length >= Number(node['minLength'] ?? 0));
    if (example === undefined) throw new Error(`no example for the pattern ${node['pattern']}`);
    return example;
  }
  if (node['format'] === 'date-time') return '2026-01-02T03:04:05.678Z';
  if (node['format'] === 'uri') return 'http://127.0.0.1:1';
  // A text like another; and as a key it is the region of the times above, which refinements of zod look at (R1).
  return 'eu'.padEnd(Number(node['minLength'] ?? 0), 'x');
};

/** A value that the schema accepts. What its text can't say (refinements of zod) the caller sees to. */
export const sampleOf = (root: SchemaNode, form: SampleForm, at: SchemaNode = root, depth = 0): unknown => {
  const node = resolved(root, at);
  const variants = variantsOf(root, node);
  if (variants.length > 1) {
    // Deep inside a schema that contains itself, the first alternative ends it.
    return sampleOf(root, form, variants[depth > depthMax ? 0 : form.pick % variants.length]!, depth + 1);
  }
  if ('const' in node) return node['const'];
  if (Array.isArray(node['enum'])) return node['enum'][form.pick % node['enum'].length];
  const type = Array.isArray(node['type']) ? node['type'][form.pick % node['type'].length] : node['type'];
  switch (type) {
    case 'string':
      return textFor(node);
    case 'integer':
    case 'number':
      return Math.max(Number(node['minimum'] ?? 0), Number(node['exclusiveMinimum'] ?? -1) + 1);
    case 'boolean':
      return form.pick % 2 === 1;
    case 'null':
      return null;
    case 'array':
      return listOf(root, form, node, depth);
    case 'object':
      return objectOf(root, form, node, depth);
    default:
      return { any: 'value' };
  }
};

const depthMax = 12;

const listOf = (root: SchemaNode, form: SampleForm, node: SchemaNode, depth: number): unknown[] => {
  const items = node['items'];
  const count = Math.max(Number(node['minItems'] ?? 0), form.full && depth < depthMax ? 1 : 0);
  return isNode(items) ? Array.from({ length: count }, () => sampleOf(root, form, items, depth + 1)) : [];
};

const objectOf = (root: SchemaNode, form: SampleForm, node: SchemaNode, depth: number): Record<string, unknown> => {
  const properties = (node['properties'] ?? {}) as Record<string, SchemaNode>;
  const required = new Set((node['required'] ?? []) as string[]);
  const object = Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => required.has(name) || (form.full && depth < depthMax))
      .map(([name, property]) => [name, sampleOf(root, form, property, depth + 1)]),
  );
  const more = node['additionalProperties'];
  if (!isNode(more) || Object.keys(more).length === 0 || !form.full || depth >= depthMax) return object;
  const key = isNode(node['propertyNames']) ? String(sampleOf(root, form, node['propertyNames'], depth + 1)) : 'key';
  return { ...object, [key]: sampleOf(root, form, more, depth + 1) };
};

/** Alternatives in one place of the wire's schemas, at most; more samples than that only repeat. */
const picksMax = 16;

/** The least and the most that a schema allows, with every alternative taken once. */
export const samplesOf = (root: SchemaNode): unknown[] => {
  const forms = [{ full: false, pick: 0 }, ...Array.from({ length: picksMax }, (_, pick) => ({ full: true, pick }))];
  const texts = new Set(forms.map((form) => JSON.stringify(sampleOf(root, form))));
  return [...texts].map((text) => JSON.parse(text) as unknown);
};
