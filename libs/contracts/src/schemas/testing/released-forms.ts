import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { SchemaNode } from '../schema-node.js';

const folder = path.resolve(import.meta.dirname, '../../../schemas');

export interface ReleasedForm {
  readonly type: string;
  /** `now`, or the digest of an earlier form of the same version, which regions in the field may run. */
  readonly form: string;
  readonly schema: SchemaNode;
}

const read = (file: string): SchemaNode => JSON.parse(readFileSync(file, 'utf8')) as SchemaNode;
const jsonIn = (directory: string): string[] => readdirSync(directory).filter((file) => file.endsWith('.json'));

/** Every form of every version of every type that was ever released. */
export const releasedForms = (): ReleasedForm[] => [
  ...jsonIn(folder).map((file) => ({ type: file.slice(0, -'.json'.length), form: 'now', schema: read(path.join(folder, file)) })),
  ...jsonIn(path.join(folder, 'earlier')).map((file) => {
    const [, type, form] = /^(.+)\.([0-9a-f]{16})\.json$/.exec(file)!;
    return { type: type!, form: form!, schema: read(path.join(folder, 'earlier', file)) };
  }),
];
