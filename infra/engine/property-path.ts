/**
 * Paths into properties as Pulumi writes them in detailed diffs: `env.NODE_OPTIONS`, `ingress[0].fromPort`, and
 * `tags["a.b"]` where a key has characters of the syntax itself (sdk/go/common/resource/property_path.go).
 */
export type PropertyPath = readonly (string | number)[];

const plainKey = /^[^.[\]"]+$/;
/** A bracket with an index or a quoted key, or a bare key up to the next dot or bracket. */
const segment = /\[(?:(\d+)|"((?:[^"\\]|\\.)*)")\]|\.?([^.[\]"]+)/y;

export const formatPath = (path: PropertyPath): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (plainKey.test(part)) return text === '' ? part : `${text}.${part}`;
    return `${text}["${part.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"]`;
  }, '');

/** The rest of a text that is no path is one key: a path that can't be read must not lose a change. */
export const parsePath = (text: string): PropertyPath => {
  const path: (string | number)[] = [];
  segment.lastIndex = 0;
  while (segment.lastIndex < text.length) {
    const at = segment.lastIndex;
    const match = segment.exec(text);
    if (match === null) return [...path, text.slice(at)];
    const [, index, quoted, bare] = match;
    if (index !== undefined) path.push(Number(index));
    else path.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('\\"', '"').replaceAll('\\\\', '\\'));
  }
  return path;
};

/** As people read it: `ingress.0.fromPort`. */
export const dotted = (path: PropertyPath): string => path.join('.');

/** undefined: there is nothing at this path. */
export const valueAt = (root: unknown, path: PropertyPath): unknown => {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
};
