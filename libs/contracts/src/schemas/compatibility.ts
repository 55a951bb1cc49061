import { canonicalJson } from '@lapidary/kernel/canonical-json';
import type { CompatibilityRuleId, SchemaBreak } from './compatibility-rules.js';
import { isNode, keywordsOf, resolved, textOf, variantKey, variantsOf, type SchemaNode } from './schema-node.js';

/** Keyword → the direction in which a larger number lets more pass. */
const limits: Readonly<Record<string, 'up' | 'down'>> = {
  maximum: 'up',
  exclusiveMaximum: 'up',
  maxLength: 'up',
  maxItems: 'up',
  maxProperties: 'up',
  minimum: 'down',
  exclusiveMinimum: 'down',
  minLength: 'down',
  minItems: 'down',
  minProperties: 'down',
};

/** Keywords that the comparison understands; a difference in any other is `rule-changed`. */
const understood = new Set([
  ...Object.keys(limits),
  ...['type', 'enum', 'const', 'properties', 'required', 'additionalProperties', 'propertyNames', 'items', 'prefixItems', '$ref'],
]);

/**
 * Everything that breaks between a released schema and its current text (P-SC2), by the rules in compatibility-rules.ts. It
 * proves nothing about changes that it can't compare, and so reports them: no finding means that data pass in both directions.
 */
export const breaksBetween = (released: SchemaNode, current: SchemaNode): SchemaBreak[] => {
  const comparison = new Comparison(released, current);
  comparison.nodes(released, current, '');
  return comparison.breaks;
};

class Comparison {
  readonly breaks: SchemaBreak[] = [];
  private readonly compared = new Map<SchemaNode, Set<SchemaNode>>();

  constructor(
    private readonly oldRoot: SchemaNode,
    private readonly newRoot: SchemaNode,
  ) {}

  nodes(before: SchemaNode, after: SchemaNode, path: string): void {
    const [was, is] = [resolved(this.oldRoot, before), resolved(this.newRoot, after)];
    // A schema that contains itself, as that of any JSON does, is compared where it is met first.
    const met = this.compared.get(was) ?? new Set();
    if (met.has(is)) return;
    this.compared.set(was, met.add(is));
    if (textOf(this.oldRoot, was) === textOf(this.newRoot, is)) return;
    const [oldVariants, newVariants] = [variantsOf(this.oldRoot, was), variantsOf(this.newRoot, is)];
    if (oldVariants.length > 1 || newVariants.length > 1) return this.unions(oldVariants, newVariants, path);
    this.types(was, is, path);
    this.values(was, is, path);
    this.objects(was, is, path);
    this.lists(was, is, path);
    for (const keyword of Object.keys(limits)) this.limit(was, is, keyword, path);
    this.rest(was, is, path);
  }

  private add(rule: CompatibilityRuleId, path: string, detail: string): void {
    this.breaks.push({ rule, path: path === '' ? '.' : path, detail });
  }

  private unions(before: readonly SchemaNode[], after: readonly SchemaNode[], path: string): void {
    const left = keyed(after);
    for (const [key, variant] of keyed(before)) {
      const match = left.get(key);
      if (match === undefined) this.add('variant-removed', path, key);
      else this.nodes(variant, match, path);
      left.delete(key);
    }
    for (const key of left.keys()) this.add('variant-added', path, key);
  }

  private types(was: SchemaNode, is: SchemaNode, path: string): void {
    const [before, after] = [typesOf(was), typesOf(is)];
    for (const type of after) if (!allows(before, type)) this.add('type-added', path, type);
    for (const type of before) if (!allows(after, type)) this.add('type-removed', path, type);
  }

  private values(was: SchemaNode, is: SchemaNode, path: string): void {
    const [before, after] = [valuesOf(was), valuesOf(is)];
    if (before === undefined && after === undefined) return;
    if (before === undefined) return this.add('limit-tightened', path, 'to a list of values');
    if (after === undefined) return this.add('limit-loosened', path, 'to any value');
    for (const value of after) if (!before.includes(value)) this.add('value-added', path, value);
    for (const value of before) if (!after.includes(value)) this.add('value-removed', path, value);
  }

  private objects(was: SchemaNode, is: SchemaNode, path: string): void {
    const [before, after] = [fieldsOf(was), fieldsOf(is)];
    const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
    for (const [name, field] of before.fields) {
      const now = after.fields.get(name);
      if (now === undefined) this.add('field-removed', at(name), '');
      else {
        this.nodes(field, now, at(name));
        if (before.required.has(name) && !after.required.has(name)) this.add('field-made-optional', at(name), '');
        if (!before.required.has(name) && after.required.has(name)) this.add('field-made-required', at(name), '');
      }
    }
    for (const name of after.fields.keys()) {
      if (before.fields.has(name)) continue;
      if (after.required.has(name)) this.add('field-added-required', at(name), '');
      if (before.closed) this.add('field-added-closed', at(name), '');
      // Until now any such field was a value of the record, under the record's own rule; an object that only tolerates others has none.
      if (isNode(was['additionalProperties']) && keywordsOf(was['additionalProperties']).length > 0)
        this.add('rule-changed', at(name), 'a field among the values of a record');
    }
    if (!before.closed && after.closed) this.add('object-closed', path, '');
    if (before.closed && !after.closed) this.add('object-opened', path, '');
    this.optionalNode(was, is, 'additionalProperties', `${path}{}`);
    this.optionalNode(was, is, 'propertyNames', `${path}{name}`);
  }

  private lists(was: SchemaNode, is: SchemaNode, path: string): void {
    this.optionalNode(was, is, 'items', `${path}[]`);
    const [before, after] = [was['prefixItems'] ?? [], is['prefixItems'] ?? []] as [SchemaNode[], SchemaNode[]];
    if (before.length !== after.length) return this.add('rule-changed', path, `prefixItems: ${before.length}, now ${after.length}`);
    for (const [i, item] of before.entries()) this.nodes(item, after[i]!, `${path}[${i}]`);
  }

  /** A schema on one side only: nothing was asked before, or nothing is asked any more. */
  private optionalNode(was: SchemaNode, is: SchemaNode, keyword: string, path: string): void {
    const [before, after] = [was[keyword], is[keyword]];
    if (isNode(before) && isNode(after)) this.nodes(before, after, path);
    else if (isNode(before) && after !== false) this.add('limit-loosened', path, keyword);
    else if (isNode(after) && before !== false) this.add('limit-tightened', path, keyword);
  }

  private limit(was: SchemaNode, is: SchemaNode, keyword: string, path: string): void {
    const [before, after] = [was[keyword], is[keyword]] as [number | undefined, number | undefined];
    if (before === after) return;
    const none = limits[keyword] === 'up' ? Infinity : -Infinity;
    const grew = (after ?? none) > (before ?? none);
    const looser = grew === (limits[keyword] === 'up');
    this.add(looser ? 'limit-loosened' : 'limit-tightened', path, `${keyword}: ${before ?? 'none'}, now ${after ?? 'none'}`);
  }

  private rest(was: SchemaNode, is: SchemaNode, path: string): void {
    for (const keyword of new Set([...keywordsOf(was), ...keywordsOf(is)])) {
      // With what they refer to: the reference may be the same and what is there another.
      const [before, after] = [textOf(this.oldRoot, { of: was[keyword] ?? null }), textOf(this.newRoot, { of: is[keyword] ?? null })];
      if (understood.has(keyword) || before === after) continue;
      this.add('rule-changed', path, keyword);
    }
  }
}

/** Variants by what tells them apart; of several that nothing tells apart, the first of one version is the first of the other. */
const keyed = (variants: readonly SchemaNode[]): Map<string, SchemaNode> => {
  const map = new Map<string, SchemaNode>();
  for (const variant of variants) {
    const key = variantKey(variant);
    const same = [...map.keys()].filter((k) => k === key || k.startsWith(`${key}#`)).length;
    map.set(same === 0 ? key : `${key}#${same}`, variant);
  }
  return map;
};

const anyType = ['array', 'boolean', 'null', 'number', 'object', 'string'];
const typesOf = (node: SchemaNode): readonly string[] => {
  const type = node['type'];
  if (typeof type === 'string') return [type];
  if (Array.isArray(type)) return type as string[];
  const values = node['enum'] ?? ('const' in node ? [node['const']] : undefined);
  // A list of values says what types there are; without either, everything passes.
  return Array.isArray(values) ? [...new Set(values.map((v) => (v === null ? 'null' : typeof v)))] : anyType;
};
const allows = (types: readonly string[], type: string): boolean =>
  types.includes(type) || (type === 'integer' && types.includes('number'));

const valuesOf = (node: SchemaNode): readonly string[] | undefined => {
  const values = node['enum'] ?? ('const' in node ? [node['const']] : undefined);
  return Array.isArray(values) ? values.map((v) => canonicalJson(v)) : undefined;
};

interface Fields {
  readonly fields: ReadonlyMap<string, SchemaNode>;
  readonly required: ReadonlySet<string>;
  /** Refuses fields that it doesn't know. */
  readonly closed: boolean;
}

const fieldsOf = (node: SchemaNode): Fields => ({
  fields: new Map(Object.entries((node['properties'] ?? {}) as Record<string, SchemaNode>)),
  required: new Set((node['required'] ?? []) as string[]),
  closed: node['additionalProperties'] === false,
});
