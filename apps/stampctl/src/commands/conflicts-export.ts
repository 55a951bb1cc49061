import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { conflictsAsCsv, conflictsAsNdjson } from '../output/conflicts-export.js';
import { ConflictChoiceFields, conflictQuery } from './conflict-choice.js';

const Options = ConflictChoiceFields.extend({ format: z.enum(['ndjson', 'csv']).default('ndjson'), out: z.string().optional() });

export const conflictsExport: Command = async (invocation) => {
  const { format, out, ...choice } = invocation.parse(Options, invocation.options);
  const { output } = invocation;
  const { items } = await invocation.connect().conflicts(conflictQuery(choice, Date.now()));
  const text = format === 'csv' ? conflictsAsCsv(items) : conflictsAsNdjson(items);
  if (out === undefined) {
    if (text !== '') output.line(text.trimEnd());
    return;
  }
  await writeFile(out, text);
  output.note(`${items.length} conflicts written to ${out}`);
};
