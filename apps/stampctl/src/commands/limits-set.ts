import { readFile } from 'node:fs/promises';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { AppError } from '@lapidary/kernel/app-error';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { parse } from 'yaml';
import { z } from 'zod';
import { LimitsApi } from '../client/limits-api.js';
import type { Command } from '../invocation.js';
import { limitsChanges, limitsText } from '../output/limits-text.js';
import { ReasonField } from './fields.js';

const Arguments = z.object({ region: RegionNameSchema, file: z.string(), reason: ReasonField });

const documentIn = async (file: string): Promise<unknown> => {
  try {
    return parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new AppError('usage', `${file} can't be read as YAML: ${(error as Error).message}`, { cause: error });
  }
};

export const limitsSet: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const { region, file, reason } = invocation.parse(Arguments, { region: args[0], file: args[1], reason: options.reason });
  const document = invocation.parse(LimitsDocumentSchema, await documentIn(file));
  const api = new LimitsApi(invocation.connect());
  const before = await api.show(region);
  const changes = limitsChanges(before.document, document);
  if (options.dryRun === true) {
    const table = (): string => (changes.length === 0 ? 'Nothing would change.' : changes.join('\n'));
    await output.result({ data: { region, version: before.version, changes }, name: changes, table });
    return changes.length === 0 ? exitCodes.ok : exitCodes.changes;
  }
  const after = await api.replace(region, before.version, document, reason);
  output.hint(changes.length === 0 ? 'Nothing has changed.' : `${changes.length} changes; routers follow within a second.`);
  await output.result({ data: after, name: region, table: (view) => limitsText(after, view) });
  return exitCodes.ok;
};
