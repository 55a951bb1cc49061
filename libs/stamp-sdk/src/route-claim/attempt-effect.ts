/** Causes of a failed fetch by which no byte of the request can have reached anybody. Node's and undici's names. */
const beforeSending: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const codeOf = (error: unknown): string | undefined => {
  const { code, cause, errors } = (error ?? {}) as { code?: unknown; cause?: unknown; errors?: unknown };
  if (typeof code === 'string') return code;
  // Several addresses were tried: each has its own error.
  if (Array.isArray(errors)) return codeOf(errors[0]);
  return cause === undefined ? undefined : codeOf(cause);
};

/** Whether a fetch failed before anything was sent, so that doing it elsewhere is doing it once. */
export const neverArrived = (error: unknown): boolean => beforeSending.has(codeOf(error) ?? '');

/** Whether a body can be sent a second time; a stream is used up. */
export const mayRepeat = (body: RequestInit['body']): boolean => !(body instanceof ReadableStream) && !isAsyncIterable(body);

const isAsyncIterable = (body: unknown): boolean => typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
