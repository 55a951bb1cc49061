import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { breaksBetween } from './compatibility.js';
import { compatibilityRules, type CompatibilityRuleId } from './compatibility-rules.js';
import type { SchemaNode } from './schema-node.js';
import { jsonSchemaOf, wireSchemas } from './wire-schemas.js';

const ajv = new Ajv2020({ strict: false, validateFormats: false });
const node = (schema: z.ZodType): SchemaNode => z.toJSONSchema(schema, { io: 'input' }) as SchemaNode;
const accepts = (schema: SchemaNode, value: unknown): boolean => ajv.compile(schema)(value);

/** A document that the old code could write and the new one refuses, and one the other way round; null: there is none. */
interface Case {
  readonly rule: CompatibilityRuleId;
  readonly path: string;
  readonly before: z.ZodType;
  readonly after: z.ZodType;
  readonly newReadersRefuse: unknown;
  readonly oldReadersRefuse: unknown;
}

const a = z.string();
const cases: Case[] = [
  {
    rule: 'field-added-required',
    path: 'b',
    before: z.object({ a }),
    after: z.object({ a, b: a }),
    newReadersRefuse: { a: 'x' },
    oldReadersRefuse: null,
  },
  {
    rule: 'field-added-closed',
    path: 'b',
    before: z.strictObject({ a }),
    after: z.strictObject({ a, b: a.optional() }),
    newReadersRefuse: null,
    oldReadersRefuse: { a: 'x', b: 'y' },
  },
  {
    rule: 'field-removed',
    path: 'b',
    before: z.object({ a, b: a }),
    after: z.object({ a }),
    newReadersRefuse: null,
    oldReadersRefuse: { a: 'x' },
  },
  {
    rule: 'field-made-required',
    path: 'a',
    before: z.object({ a: a.optional() }),
    after: z.object({ a }),
    newReadersRefuse: {},
    oldReadersRefuse: null,
  },
  {
    rule: 'field-made-optional',
    path: 'a',
    before: z.object({ a }),
    after: z.object({ a: a.optional() }),
    newReadersRefuse: null,
    oldReadersRefuse: {},
  },
  {
    rule: 'object-closed',
    path: '.',
    before: z.object({ a }),
    after: z.strictObject({ a }),
    newReadersRefuse: { a: 'x', z: 1 },
    oldReadersRefuse: null,
  },
  {
    rule: 'object-opened',
    path: '.',
    before: z.strictObject({ a }),
    after: z.object({ a }),
    newReadersRefuse: null,
    oldReadersRefuse: { a: 'x', z: 1 },
  },
  {
    rule: 'type-added',
    path: 'a',
    before: z.object({ a: z.int() }),
    after: z.object({ a: z.number().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER) }),
    newReadersRefuse: null,
    oldReadersRefuse: { a: 1.5 },
  },
  {
    rule: 'type-removed',
    path: 'a',
    before: z.object({ a: z.number().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER) }),
    after: z.object({ a: z.int() }),
    newReadersRefuse: { a: 1.5 },
    oldReadersRefuse: null,
  },
  {
    rule: 'value-added',
    path: 'a[]',
    before: z.object({ a: z.array(z.enum(['x'])) }),
    after: z.object({ a: z.array(z.enum(['x', 'y'])) }),
    newReadersRefuse: null,
    oldReadersRefuse: { a: ['y'] },
  },
  {
    rule: 'value-removed',
    path: 'a{}',
    before: z.object({ a: z.record(a, z.enum(['x', 'y'])) }),
    after: z.object({ a: z.record(a, z.enum(['x'])) }),
    newReadersRefuse: { a: { k: 'y' } },
    oldReadersRefuse: null,
  },
  {
    rule: 'variant-added',
    path: '.',
    before: z.union([z.object({ k: z.literal(1) }), z.object({ k: z.literal(2) })]),
    after: z.union([z.object({ k: z.literal(1) }), z.object({ k: z.literal(2) }), z.object({ k: z.literal(3) })]),
    newReadersRefuse: null,
    oldReadersRefuse: { k: 3 },
  },
  {
    rule: 'variant-removed',
    path: 'a',
    before: z.object({ a: a.max(3).nullable() }),
    after: z.object({ a: a.max(3) }),
    newReadersRefuse: { a: null },
    oldReadersRefuse: null,
  },
  {
    rule: 'limit-tightened',
    path: 'a',
    before: z.object({ a: a.max(3) }),
    after: z.object({ a: a.max(2) }),
    newReadersRefuse: { a: 'xyz' },
    oldReadersRefuse: null,
  },
  {
    rule: 'limit-loosened',
    path: 'a',
    before: z.object({ a: z.array(a).min(1) }),
    after: z.object({ a: z.array(a) }),
    newReadersRefuse: null,
    oldReadersRefuse: { a: [] },
  },
  {
    rule: 'rule-changed',
    path: 'a',
    before: z.object({ a: a.regex(/^x$/) }),
    after: z.object({ a: a.regex(/^y$/) }),
    newReadersRefuse: { a: 'x' },
    oldReadersRefuse: { a: 'y' },
  },
];

describe('P-SC2: a change of a released schema', () => {
  test.each(cases)('$rule is found where it is, and breaks whom the table says', (c) => {
    const [before, after] = [node(c.before), node(c.after)];
    expect(breaksBetween(before, after).map(({ rule, path }) => ({ rule, path }))).toEqual([{ rule: c.rule, path: c.path }]);
    // A witness for each claim, judged by a validator that knows nothing of the table.
    const breaks: readonly string[] = compatibilityRules[c.rule].breaks;
    expect(c.newReadersRefuse !== null).toBe(breaks.includes('new readers'));
    expect(c.oldReadersRefuse !== null).toBe(breaks.includes('old readers'));
    if (c.newReadersRefuse !== null)
      expect([accepts(before, c.newReadersRefuse), accepts(after, c.newReadersRefuse)]).toEqual([true, false]);
    if (c.oldReadersRefuse !== null)
      expect([accepts(before, c.oldReadersRefuse), accepts(after, c.oldReadersRefuse)]).toEqual([false, true]);
  });

  test('every rule about a schema has a case here', () => {
    expect(new Set([...cases.map((c) => c.rule), 'type-unreleased'])).toEqual(new Set(Object.keys(compatibilityRules)));
  });

  test('what nobody is broken by is free', () => {
    const before = z.object({ a: a.describe('old words'), n: z.object({ x: a }).meta({ id: 'N' }) });
    const after = z.object({ a: a.describe('new words'), n: z.object({ x: a, y: a.optional() }).meta({ id: 'M' }), b: z.int().default(3) });
    expect(breaksBetween(node(before), node(after))).toEqual([]);
  });

  test('a change deep inside is found by its path, through references, lists, records and unions', () => {
    const shape = (max: number): z.ZodType =>
      z.object({
        list: z.array(
          z.record(a, z.discriminatedUnion('k', [z.object({ k: z.literal('s'), v: a.max(max) }), z.object({ k: z.literal('t') })])),
        ),
      });
    expect(breaksBetween(node(shape(5)), node(shape(4)))).toEqual([
      { rule: 'limit-tightened', path: 'list[]{}.v', detail: 'maxLength: 5, now 4' },
    ]);
  });

  test('a schema that contains itself, as that of any JSON does, is compared to its end', () => {
    const shape = (more: z.core.$ZodLooseShape, value: z.ZodType): z.ZodType => z.looseObject({ a: value, ...more });
    const [before, after] = [node(shape({}, z.json())), node(shape({ b: z.boolean().optional() }, z.json()))];
    expect(breaksBetween(before, after)).toEqual([]);
    const tree = (max: number): z.ZodType => {
      const leaf: z.ZodType = z.lazy(() => z.object({ name: a.max(max), below: z.array(leaf), beside: z.record(a, leaf) }));
      return leaf;
    };
    expect(breaksBetween(node(tree(5)), node(tree(4))).map(({ rule, path }) => ({ rule, path }))).toEqual([
      { rule: 'limit-tightened', path: 'name' },
    ]);
  });

  test('what an intersection refers to is compared with it', () => {
    const tree = (max: number): z.ZodType => {
      const leaf: z.ZodType = z.lazy(() => z.object({ name: a.max(max), below: z.array(leaf) }));
      return z.object({ root: z.intersection(z.object({ n: z.int() }), leaf) });
    };
    expect(breaksBetween(node(tree(5)), node(tree(4))).map(({ rule, path }) => ({ rule, path }))).toEqual([
      { rule: 'rule-changed', path: 'root' },
    ]);
  });

  test('a field called like a keyword is a field', () => {
    expect(breaksBetween(node(z.object({ title: a, required: a })), node(z.object({ required: a }))).map((b) => b.path)).toEqual(['title']);
  });
});

test('P-SC1: every type on the wire has a version in its name and a JSON Schema', () => {
  for (const name of Object.keys(wireSchemas)) {
    expect(name).toMatch(/^lapidary\.[a-z.-]+\.v[1-9][0-9]*$/);
    expect(() => ajv.compile(jsonSchemaOf(wireSchemas, name))).not.toThrow();
  }
});
