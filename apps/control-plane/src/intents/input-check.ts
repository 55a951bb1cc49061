import { CordonRequestSchema, ProvisionRequestSchema } from '@lapidary/contracts/api/stamps';
import { RetireStampSchema } from '@lapidary/contracts/api/retirement';
import { CreateTenantSchema, SuspendTenantSchema, UpdateTenantSchema } from '@lapidary/contracts/api/tenants';
import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { ownProtocol } from '@lapidary/contracts/wire-protocol';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { z } from 'zod';
import type { IncomingRequest } from '../replication/request-region.js';

/** Bodies of the commands that people queue, by method and address without names. What is not here its owner checks alone. */
const bodies: Readonly<Record<string, z.ZodType>> = {
  'POST tenants': CreateTenantSchema,
  'PATCH tenants': UpdateTenantSchema,
  'POST tenants suspend': SuspendTenantSchema,
  'POST stamps provision': ProvisionRequestSchema.nullish(),
  'POST stamps retire': RetireStampSchema,
  'POST stamps cordon': CordonRequestSchema,
  'PUT limits': LimitsDocumentSchema,
};

/** What is wrong with a command's body by the API of this version. */
export const problemsOf = ({ method, url, body }: IncomingRequest): readonly { readonly path: string; readonly message: string }[] => {
  const [noun, , verb] = new URL(url, 'http://any').pathname.split('/').slice(2);
  const checked = bodies[[method, noun, verb].filter((part) => part !== undefined).join(' ')]?.safeParse(body);
  return checked?.error?.issues.map(({ path, message }) => ({ path: path.join('.'), message })) ?? [];
};

/**
 * Nobody should hear tomorrow that what they asked today was mistyped: before a command is queued, it is checked as its owner will check it.
 * An owner of a newer version may take what this one refuses, and is asked in any case.
 */
export const refuseMistyped = async (reader: Reader, owner: string, request: IncomingRequest): Promise<void> => {
  const fields = problemsOf(request);
  if (fields.length === 0) return;
  const [peer] = await rowsOf<{ speaks: number | null }>(reader, 'SELECT protocol_speaks AS speaks FROM version_vector WHERE origin = $1', [
    owner,
  ]);
  if ((peer?.speaks ?? 0) > ownProtocol.speaks) return;
  const [first] = fields;
  throw new AppError('invalid_input', `${first!.path === '' ? 'The body' : first!.path}: ${first!.message}`, { fields });
};
