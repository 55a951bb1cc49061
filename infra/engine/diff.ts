import { canonicalJson } from '@lapidary/kernel/canonical-json';
import { containsUnknown, plain, type PropertyMap, type PropertyValue } from './property-values.js';

/** Equal once the marks are off: turning a value into a secret changes how it is kept, not what it is. */
export const sameValue = (a: PropertyValue | undefined, b: PropertyValue | undefined): boolean =>
  canonicalJson({ v: plain(a ?? null) }) === canonicalJson({ v: plain(b ?? null) });

/** A label may well be called "constructor". */
const own = (map: PropertyMap, key: string): PropertyValue | undefined => (Object.hasOwn(map, key) ? map[key] : undefined);

/** Top-level keys whose value differs. An unknown differs from everything: what it will be can't be told yet. */
export const changedKeys = (olds: PropertyMap, news: PropertyMap): readonly string[] =>
  [...new Set([...Object.keys(olds), ...Object.keys(news)])]
    .filter((key) => containsUnknown(own(news, key) ?? null) || !sameValue(own(olds, key), own(news, key)))
    .sort();

/** Paths such as `env.LAPIDARY_HTTP_PORT`, one level deeper than keys where both sides are maps; for people. */
export const changedPaths = (olds: PropertyMap, news: PropertyMap): readonly string[] =>
  changedKeys(olds, news).flatMap((key) => {
    const [a, b] = [plain(olds[key] ?? null), plain(news[key] ?? null)];
    if (!isMap(a) || !isMap(b)) return [key];
    return changedKeys(a, b).map((inner) => `${key}.${inner}`);
  });

const isMap = (value: PropertyValue): value is PropertyMap => typeof value === 'object' && value !== null && !Array.isArray(value);

/** ignoreChanges: the program's wish for these keys counts only when the resource is created. */
export const withIgnored = (olds: PropertyMap, news: PropertyMap, ignored: readonly string[]): PropertyMap => {
  const kept = Object.entries(news).filter(([key]) => !ignored.includes(key));
  const old = ignored.flatMap((key) => (olds[key] === undefined ? [] : [[key, olds[key]] as const]));
  return Object.fromEntries([...kept, ...old]);
};
