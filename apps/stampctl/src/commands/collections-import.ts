import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { CollectionNameSchema } from '@lapidary/contracts/api/collections';
import { TenantIdSchema } from '@lapidary/contracts/api/common';
import { DocumentWriteSchema } from '@lapidary/contracts/api/document-writes';
import { AppError, toAppError } from '@lapidary/kernel/app-error';
import { z } from 'zod';
import { CollectionsApi } from '../client/collections-api.js';
import { batchesOf, type Line } from '../client/write-batches.js';
import type { Command } from '../invocation.js';
import { renderFacts } from '../output/table.js';

const Given = z.object({
  collection: CollectionNameSchema,
  tenant: TenantIdSchema.optional(),
  from: z.coerce.number().int().min(1).default(1),
});

/** `{"id": …, "value": …}` is a put. */
const LineSchema = z.preprocess(
  (line) => (typeof line === 'object' && line !== null && !('op' in line) ? { op: 'put', ...line } : line),
  DocumentWriteSchema,
);

const jsonOf = (line: string): unknown => {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return line;
  }
};

const noWrite = (number: number, { issues }: z.ZodError): AppError =>
  new AppError('invalid_input', `Line ${number} is no write`, {
    fields: issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })),
    details: { check: 'Correct the line; nothing was sent.' },
  });

/** All lines are read and checked before the first is sent. */
const linesOf = (content: string, from: number): Line[] =>
  content
    .split('\n')
    .map((line, i) => ({ number: i + 1, line }))
    .filter(({ number, line }) => number >= from && line.trim() !== '')
    .map(({ number, line }) => {
      const { data, error } = LineSchema.safeParse(jsonOf(line));
      if (error) throw noWrite(number, error);
      return { number, write: data };
    });

/** Writes documents a transaction at a time; what broke off goes on with --from. */
export const collectionsImport: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const { collection, tenant, from } = invocation.parse(Given, { ...options, collection: args[0] });
  const file = args[1];
  const content = file === undefined || file === '-' ? await text(output.terminal.stdin) : await readFile(file, 'utf8');
  const batches = batchesOf(linesOf(content, from));
  const api = new CollectionsApi(invocation.connect());
  let [changed, writes] = [0, 0];
  for (const batch of batches) {
    try {
      changed += await api.writeMany(
        collection,
        tenant,
        batch.map(({ write }) => write),
      );
    } catch (error) {
      output.hint(
        `Nothing of lines ${batch[0]!.number} to ${batch.at(-1)!.number} was written, all before is; go on with --from ${batch[0]!.number}`,
      );
      throw toAppError(error);
    }
    writes += batch.length;
  }
  const data = { collection, writes, changed, requests: batches.length };
  await output.result({
    data,
    name: collection,
    table: () =>
      renderFacts([
        ['collection', collection],
        ['written', `${writes}, of which ${changed} changed something`],
        ['requests', batches.length],
      ]),
  });
};
