type JsonSchema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const alternativesOf = (schema: JsonSchema): readonly JsonSchema[] => {
  const anyOf = listOf(schema['anyOf'] ?? schema['oneOf']).filter(isSchema);
  return anyOf.length > 0 ? anyOf : [schema];
};
const valuesOf = (schema: JsonSchema): readonly unknown[] | null =>
  Array.isArray(schema['enum']) ? (schema['enum'] as unknown[]) : 'const' in schema ? [schema['const']] : null;
const typesOf = (schema: JsonSchema): readonly unknown[] =>
  Array.isArray(schema['type']) ? (schema['type'] as unknown[]) : [schema['type']];

/**
 * Why a reader with one JSON schema could not take everything that a writer with another may send; empty: it can
 * (P-SC2). What the reader does not know it ignores, so only what it needs, and values that it does not expect, count.
 * Covers what zod makes of our event schemas; formats, lengths and patterns are left out: they bound values, and both
 * sides take them from the same names.
 */
export const unreadableBy = (writer: JsonSchema, reader: JsonSchema, path = ''): string[] => {
  const readers = alternativesOf(reader);
  return alternativesOf(writer).flatMap((wrote) => {
    const complaints = readers.map((read) => oneBy(wrote, read, path));
    return complaints.find((c) => c.length === 0) ?? complaints.sort((a, b) => a.length - b.length)[0] ?? [];
  });
};

const oneBy = (writer: JsonSchema, reader: JsonSchema, path: string): string[] => {
  const at = path === '' ? 'the data' : path;
  if (Object.keys(reader).every((key) => !['type', 'enum', 'const', 'properties', 'items'].includes(key))) return [];
  const expected = valuesOf(reader);
  const sent = valuesOf(writer);
  if (expected !== null) {
    if (sent === null) return [`${at} may be anything, and is expected to be one of ${expected.join(', ')}`];
    const strange = sent.filter((value) => !expected.includes(value));
    return strange.length === 0 ? [] : [`${at} may be ${strange.map(String).join(', ')}, which is not known`];
  }
  const types = typesOf(reader);
  const odd =
    sent === null
      ? typesOf(writer).filter((t) => t !== undefined && !types.includes(t) && !(t === 'integer' && types.includes('number')))
      : [];
  if (reader['type'] !== undefined && odd.length > 0)
    return [`${at} may be of type ${odd.map(String).join(', ')}, and is expected to be ${types.map(String).join(', ')}`];
  return [...propertiesBy(writer, reader, path), ...itemsBy(writer, reader, path)];
};

const propertiesBy = (writer: JsonSchema, reader: JsonSchema, path: string): string[] => {
  const [wrote, read] = [writer['properties'], reader['properties']];
  if (!isSchema(read)) return [];
  const sure = new Set(listOf(writer['required']));
  const needed = listOf(reader['required']).filter((name) => !sure.has(name));
  const below = Object.entries(read).flatMap(([name, schema]) => {
    const sent = isSchema(wrote) ? wrote[name] : undefined;
    return isSchema(sent) && isSchema(schema) ? unreadableBy(sent, schema, path === '' ? name : `${path}.${name}`) : [];
  });
  return [...needed.map((name) => `${path === '' ? '' : `${path}.`}${String(name)} is needed and may be missing`), ...below];
};

const itemsBy = (writer: JsonSchema, reader: JsonSchema, path: string): string[] => {
  const [wrote, read] = [writer['items'], reader['items']];
  return isSchema(wrote) && isSchema(read) ? unreadableBy(wrote, read, `${path}[]`) : [];
};

/** Events of one region that another could not read, in words. */
export const unreadableEvents = (
  writer: { readonly region: string; readonly schemas: Readonly<Record<string, JsonSchema>> },
  reader: { readonly region: string; readonly schemas: Readonly<Record<string, JsonSchema>> },
): string[] =>
  Object.entries(writer.schemas).flatMap(([type, schema]) => {
    const read = reader.schemas[type];
    if (!read) return [`${reader.region} does not know ${type}, which ${writer.region} writes`];
    return unreadableBy(schema, read).map((why) => `${reader.region} could not read ${type} of ${writer.region}: ${why}`);
  });
