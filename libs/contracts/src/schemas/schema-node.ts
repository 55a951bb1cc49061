import { canonicalJson } from '@lapidary/kernel/canonical-json';

/** A node of a JSON Schema (2020-12), as zod writes them. */
export interface SchemaNode {
  readonly [keyword: string]: unknown;
}

/** What is said to people only, and `default`, which says what a reader fills in: none of them changes what passes. */
const annotations = new Set(['$schema', '$id', '$defs', 'id', 'title', 'description', 'example', 'examples', 'default', 'deprecated']);

export const isNode = (value: unknown): value is SchemaNode => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Follows `$ref` into the document's own `$defs`; a reference to anywhere else is a mistake in the file. */
export const resolved = (root: SchemaNode, node: SchemaNode): SchemaNode => {
  let at = node;
  for (let hops = 0; typeof at['$ref'] === 'string'; hops++) {
    const target = at['$ref'] === '#' ? root : (root['$defs'] as SchemaNode | undefined)?.[at['$ref'].replace('#/$defs/', '')];
    if (!isNode(target) || hops > 100) throw new Error(`a schema refers to ${at['$ref']}, which is not in it`);
    at = target;
  }
  return at;
};

/** The keywords of a node that decide what passes. */
export const keywordsOf = (node: SchemaNode): readonly string[] => Object.keys(node).filter((k) => !annotations.has(k));

/** The same node for comparing: without annotations, references followed; equal text means equal meaning. */
export const textOf = (root: SchemaNode, node: SchemaNode): string => canonicalJson(stripped(root, node, []));

/** `within`: the nodes that this one is part of. One that contains itself is told by how far out it stands, and followed once. */
const stripped = (root: SchemaNode, value: unknown, within: readonly SchemaNode[]): unknown => {
  if (Array.isArray(value)) return value.map((item) => stripped(root, item, within));
  if (!isNode(value)) return value;
  const node = resolved(root, value);
  const outer = within.indexOf(node);
  if (outer !== -1) return { '…': within.length - outer };
  const here = [...within, node];
  return Object.fromEntries(
    keywordsOf(node).map((keyword) => [
      keyword,
      // Names of fields are no keywords: a field may be called "title".
      keyword === 'properties'
        ? Object.fromEntries(Object.entries(node['properties'] as SchemaNode).map(([name, p]) => [name, stripped(root, p, here)]))
        : stripped(root, node[keyword], here),
    ]),
  );
};

/** The alternatives of a union, or the node itself as the only one. */
export const variantsOf = (root: SchemaNode, node: SchemaNode): readonly SchemaNode[] => {
  const union = node['anyOf'] ?? node['oneOf'];
  return Array.isArray(union) ? union.flatMap((v) => variantsOf(root, resolved(root, v as SchemaNode))) : [node];
};

/** By what two variants of two versions are the same one: the constants that tell them apart, else their type. */
export const variantKey = (node: SchemaNode): string => {
  const constants = Object.entries((node['properties'] ?? {}) as Record<string, SchemaNode>).flatMap(([name, p]) =>
    'const' in p ? [`${name}=${canonicalJson(p['const'])}`] : [],
  );
  return constants.length > 0 ? constants.sort().join(',') : canonicalJson(node['const'] ?? node['type'] ?? 'any');
};
