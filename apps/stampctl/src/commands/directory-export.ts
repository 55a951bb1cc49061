import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { exportFormats, renderDirectory } from '../directory/formats.js';
import { readDirectory } from '../directory/routes.js';
import type { Command } from '../invocation.js';
import { baseDomainDefault } from './fields.js';

const Options = z.object({
  format: z.enum(exportFormats),
  baseDomain: z.string().default(baseDomainDefault),
  out: z.string().optional(),
});

export const directoryExport: Command = async (invocation) => {
  const { format, baseDomain, out } = invocation.parse(Options, invocation.options);
  const { output } = invocation;
  const directory = await readDirectory(invocation.connect(), baseDomain);
  const text = renderDirectory(format, directory);
  if (out === undefined) return output.line(text.trimEnd());
  await writeFile(out, text);
  output.note(`${directory.routes.length} hosts written to ${out}`);
};
