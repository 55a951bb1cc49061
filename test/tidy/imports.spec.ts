import { isTest, resolveImport, sources, type SourceFile } from './source-tree.js';

const files = sources();
const product = files.filter((f) => !isTest(f.path));

const appOf = (path: string): string | undefined => /^apps\/([^/]+)\//.exec(path)?.[1];
const libOf = (path: string): string | undefined => /^libs\/([^/]+)\//.exec(path)?.[1];

/** One-way dependencies between libraries: a library may import those in its list. */
const libsAllowed: Record<string, readonly string[]> = {
  kernel: [],
  contracts: ['kernel'],
  config: ['kernel', 'contracts'],
  telemetry: ['kernel'],
  db: ['kernel'],
  messaging: ['kernel', 'contracts', 'telemetry'],
  replication: ['kernel', 'contracts'],
  'stamp-sdk': ['kernel', 'contracts', 'telemetry'],
  testing: ['kernel', 'contracts', 'config', 'db', 'messaging', 'telemetry'],
};

/** Vendor package prefix → where it may be imported. */
const confined: readonly [string, RegExp][] = [
  ['@nats-io/', /^libs\/messaging\/|^tools\/|^bench\//],
  ['@pulumi/', /^infra\//],
  ['@grpc/', /^infra\/engine\//],
  ['google-protobuf', /^infra\//],
  ['@automerge/', /^libs\/replication\/|^bench\//],
  ['pg-boss', /^apps\/control-plane\/src\/jobs\//],
  ['typeorm', /^libs\/db\/|^apps\/control-plane\/|^apps\/storefront\/|^libs\/testing\//],
  ['dns-packet', /^apps\/router\/src\/dns\//],
  ['commander', /^apps\/stampctl\//],
  ['@mantine/', /^apps\/console\//],
];

const offenders = (list: readonly SourceFile[], bad: (file: SourceFile, specifier: string) => boolean): string[] =>
  list.flatMap((file) => file.imports.filter((i) => bad(file, i)).map((i) => `${file.path} imports ${i}`));

test('apps never import apps', () => {
  const wrong = offenders(product, (file, specifier) => {
    const target = resolveImport(file.path, specifier);
    const [from, to] = [appOf(file.path), target && appOf(target)];
    return from !== undefined && !!to && from !== to;
  });
  expect(wrong).toEqual([]);
});

test('libraries import only what stands below them', () => {
  const wrong = offenders(product, (file, specifier) => {
    const from = libOf(file.path);
    const target = resolveImport(file.path, specifier);
    if (from === undefined || target === null) return false;
    const to = libOf(target);
    return to === undefined || (to !== from && !(libsAllowed[from] ?? []).includes(to));
  });
  expect(wrong).toEqual([]);
});

test('console and stampctl import only contracts and kernel of ours', () => {
  const wrong = offenders(product, (file, specifier) => {
    if (!['console', 'stampctl'].includes(appOf(file.path) ?? '')) return false;
    const target = resolveImport(file.path, specifier);
    const lib = target ? libOf(target) : undefined;
    return lib !== undefined && !['contracts', 'kernel'].includes(lib);
  });
  expect(wrong).toEqual([]);
});

test('vendor packages stay in their place', () => {
  const wrong = confined.flatMap(([prefix, place]) =>
    offenders(
      product,
      (file, specifier) =>
        (specifier === prefix || specifier.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)) && !place.test(file.path),
    ),
  );
  expect(wrong).toEqual([]);
});

test('there is no circular import', () => {
  const graph = new Map(
    files.map((f) => [f.path, f.imports.map((i) => resolveImport(f.path, i)).filter((t): t is string => t !== null)] as const),
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  expect(cycles).toEqual([]);
});

test('every import of ours leads to a file', () => {
  const wrong = offenders(files, (file, specifier) => specifier.startsWith('@lapidary/') && resolveImport(file.path, specifier) === null);
  expect(wrong).toEqual([]);
});

test('features of the control plane call each other one way only', () => {
  const base = 'apps/control-plane/src/';
  const featureOf = (path: string): string | undefined =>
    path.startsWith(base) ? /^([^/]+)\//.exec(path.slice(base.length))?.[1] : undefined;
  // Recording a fact is open to everybody; "process" puts the process together and holds the injection tokens.
  const open = ['outbox/record-event.ts', 'audit/record-audit.ts', 'directory/record-route.ts', 'http/command-context.ts'].map(
    (p) => base + p,
  );
  const calls = new Map<string, Map<string, string>>();
  for (const file of product) {
    const from = featureOf(file.path);
    if (from === undefined || from === 'process') continue;
    for (const specifier of file.imports) {
      const target = resolveImport(file.path, specifier);
      const to = target === null ? undefined : featureOf(target);
      if (target === null || to === undefined || to === from || to === 'process' || open.includes(target)) continue;
      calls.set(from, (calls.get(from) ?? new Map<string, string>()).set(to, `${file.path} imports ${target}`));
    }
  }
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    [...(calls.get(from)?.keys() ?? [])].some((next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))));
  const backwards = [...calls].flatMap(([from, targets]) => [...targets].filter(([to]) => reaches(to, from)).map(([, why]) => why));
  expect(backwards).toEqual([]);
});
