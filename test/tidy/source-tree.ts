import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

const leftOut = new Set(['node_modules', 'dist', '.git', '.lapidary', 'coverage']);

const walk = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (leftOut.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : [path];
  });

export interface SourceFile {
  /** Relative to the root, with "/" between folders. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  /** Module specifiers as written. */
  readonly imports: readonly string[];
}

const read = (path: string): SourceFile => {
  const text = readFileSync(path, 'utf8');
  return {
    path: relative(root, path).replaceAll('\\', '/'),
    text,
    lines: text.split('\n').length,
    imports: ts.preProcessFile(text, true, true).importedFiles.map((f) => f.fileName),
  };
};

/** Every file of the checkout that people wrote, sources or not. */
export const allFiles = (): string[] => walk(root).map((p) => relative(root, p).replaceAll('\\', '/'));

/** Every TypeScript source, tests included. */
export const sources = (): SourceFile[] =>
  walk(root)
    .filter((p) => /\.tsx?$/.test(p) && !p.endsWith('.d.ts'))
    .map(read);

export const isTest = (path: string): boolean => /\.spec\.tsx?$|^test\/|\/testing\/|\/test\//.test(path);

/** The file of ours that an import means, or null for packages. */
export const resolveImport = (from: string, specifier: string): string | null => {
  if (specifier.startsWith('.')) {
    const target = join(dirname(from), specifier).replaceAll('\\', '/');
    return existing([target.replace(/\.js$/, '.ts'), target.replace(/\.js$/, '.tsx'), `${target}.ts`, `${target}.tsx`, target]);
  }
  const own = /^@lapidary\/([a-z-]+)\/(.+)$/.exec(specifier);
  if (!own) return null;
  const [, name, path] = own;
  return existing([`libs/${name}/src/${path}.ts`, `apps/${name}/src/${path}.ts`, `${name}/${path}.ts`]);
};

const existing = (candidates: readonly string[]): string | null => candidates.find((c) => isFile(join(root, c))) ?? null;

const isFile = (path: string): boolean => {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
};
