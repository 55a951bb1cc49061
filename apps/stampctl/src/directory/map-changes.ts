import { routeWord } from './formats.js';
import type { HostRoute } from './routes.js';

export interface MapChanges {
  readonly add: readonly (readonly [string, string])[];
  readonly set: readonly (readonly [string, string])[];
  readonly remove: readonly string[];
}

/** What turns a map into another. */
export const mapChanges = (before: ReadonlyMap<string, string>, routes: readonly HostRoute[]): MapChanges => {
  const after = new Map(routes.map((route) => [route.host, routeWord(route)]));
  const add: [string, string][] = [];
  const set: [string, string][] = [];
  for (const [host, word] of after) {
    const held = before.get(host);
    if (held === undefined) add.push([host, word]);
    else if (held !== word) set.push([host, word]);
  }
  return { add, set, remove: [...before.keys()].filter((host) => !after.has(host)) };
};
