import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { LocalResource } from './local-resource.js';

const SecretInputsSchema = z.object({
  /** Random bytes; the text is base64url of them. */
  bytes: z.number().int().min(16).max(256),
});
type SecretInputs = z.infer<typeof SecretInputsSchema>;

/** A random secret that lives in the state, encrypted, and nowhere else. Its digest may be known. */
export const localSecret = (): LocalResource<SecretInputs> => ({
  inputs: SecretInputsSchema,
  replacedBy: ['bytes'],
  idOf: (urn) => `secret-${createHash('sha256').update(urn).digest('hex').slice(0, 16)}`,
  create: (_urn, { bytes }) => {
    const value = randomBytes(bytes).toString('base64url');
    return Promise.resolve({ bytes, value, sha256: createHash('sha256').update(value).digest('hex') });
  },
  read: (_id, _urn, props) => Promise.resolve(props),
  update: (_urn, _inputs, olds) => Promise.resolve(olds),
  delete: () => Promise.resolve(),
});
