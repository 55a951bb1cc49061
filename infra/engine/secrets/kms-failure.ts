import { engineError, type EngineError } from '../engine-error.js';

/** KMS answered, and will answer the same until somebody changes the key or the rights to it. */
const refusals: Readonly<Record<string, string>> = {
  AccessDeniedException: 'this process may not use it; the role needs kms:GenerateDataKey and kms:Decrypt',
  DisabledException: 'it is disabled',
  KMSInvalidStateException: 'it is not in a state to be used, for example pending deletion',
  NotFoundException: 'there is no such key in this account and region',
  InvalidKeyUsageException: 'it is not a symmetric key for encryption',
  UnrecognizedClientException: 'the credentials are not known to AWS',
  InvalidSignatureException: 'the credentials are not valid',
  ExpiredTokenException: 'the credentials have expired',
  CredentialsProviderError: 'there are no AWS credentials in this environment',
};
/** The sealed data key is not of this key, or not of this stack: the file was tampered with or copied from elsewhere. */
const foreign: ReadonlySet<string> = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);

/** Any error of the SDK's, as the engine's; everything that isn't known to be final may be different later. */
export const kmsFailure = (error: unknown, keyId: string, stack: string): EngineError => {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (foreign.has(name))
    return engineError('state_unusable', `the data key in the state of stack ${stack} is not one of ${keyId} for this stack`);
  const refusal = refusals[name];
  if (refusal !== undefined) return engineError('state_key_refused', `the KMS key ${keyId} can't be used: ${refusal} (${name})`);
  return engineError('state_key_unavailable', `KMS did not answer for the key ${keyId}: ${name}: ${message}`);
};
