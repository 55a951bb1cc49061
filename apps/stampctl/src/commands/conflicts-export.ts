import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { ReplicationApi } from '../client/replication-api.js';
import type { Command } from '../invocation.js';
import { conflictFormats } from '../output/conflicts-export.js';
import { ConflictChoiceFields, conflictQuery } from './conflict-choice.js';

const Options = ConflictChoiceFields.extend({ format: z.enum(['ndjson', 'csv']).default('ndjson'), out: z.string().optional() });

/** Page by page: the next one is asked for once the one before is written. */
export const conflictsExport: Command = async (invocation) => {
  const { format, out, ...choice } = invocation.parse(Options, invocation.options);
  const { output, signal } = invocation;
  const { head, page } = conflictFormats[format];
  let written = 0;
  const text = async function* (): AsyncGenerator<string> {
    if (head !== '') yield head;
    for await (const conflicts of new ReplicationApi(invocation.connect()).ledger(conflictQuery(choice, Date.now()))) {
      if (conflicts.length > 0) yield page(conflicts);
      written += conflicts.length;
    }
  };
  if (out === undefined) {
    for await (const part of text()) await output.text(part);
    return;
  }
  try {
    await pipeline(text(), createWriteStream(out), { signal });
  } catch (error) {
    output.warn(`${out} is not whole: it ends after ${written} conflicts`);
    throw error;
  }
  output.note(`${written} conflicts written to ${out}`);
};
