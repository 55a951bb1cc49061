import { parentPort } from 'node:worker_threads';
import { createLocalJWKSet, decodeProtectedHeader, errors, jwtVerify, type JSONWebKeySet, type JWTVerifyOptions } from 'jose';

/**
 * Checks tokens on a thread of its own: reading one and checking its signature takes a good part of a millisecond, in which the loop that moves
 * traffic serves many requests. Nothing but jose is imported, so that it runs as it stands from sources and from a build.
 */
export type ToWorker =
  | { readonly kind: 'keys'; readonly keys: JSONWebKeySet; readonly options: JWTVerifyOptions; readonly claim: string }
  | { readonly kind: 'token'; readonly id: number; readonly token: string };

/** `kid`: the name of the key that it was checked by; null: the token names none. */
export type Verdict =
  | { readonly kind: 'good'; readonly tenant: unknown; readonly endsAtMs: number; readonly kid: string | null }
  | { readonly kind: 'bad'; readonly reason: string }
  /** The token may be good: there are no keys, or none of its name. */
  | { readonly kind: 'unknown_key' };

/** `ready` once, when everything is loaded. */
export type FromWorker = { readonly kind: 'ready' } | (Verdict & { readonly id: number });

let known: Extract<ToWorker, { kind: 'keys' }> | null = null;
let find: ReturnType<typeof createLocalJWKSet> | null = null;

const reasonOf = (error: unknown): string => {
  if (error instanceof errors.JWTExpired) return 'the token has ended';
  if (error instanceof errors.JWTClaimValidationFailed) return `the token's "${error.claim}" is not what it must be`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'the token is signed by an algorithm that is not allowed';
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'the token does not say which key signed it';
  return 'the token is not one, or its signature is wrong';
};

const check = async (token: string): Promise<Verdict> => {
  if (known === null || find === null) return { kind: 'unknown_key' };
  try {
    const { payload, protectedHeader } = await jwtVerify(token, find, known.options);
    return { kind: 'good', tenant: payload[known.claim], endsAtMs: payload.exp! * 1000, kid: protectedHeader.kid ?? null };
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey && namesKey(token)) return { kind: 'unknown_key' };
    return { kind: 'bad', reason: reasonOf(error) };
  }
};

/** Only a name can be one that is just on its way. */
const namesKey = (token: string): boolean => {
  const { kid } = decodeProtectedHeader(token);
  return kid !== undefined && known?.keys.keys.every((key) => key.kid !== kid) === true;
};

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'token') {
    void check(message.token).then((verdict) => parentPort?.postMessage({ id: message.id, ...verdict } satisfies FromWorker));
    return;
  }
  known = message;
  find = createLocalJWKSet(message.keys);
});
parentPort?.postMessage({ kind: 'ready' } satisfies FromWorker);
