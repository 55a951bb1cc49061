import { AppError } from '@lapidary/kernel/app-error';
import { isErrorCode, type ErrorCode } from '@lapidary/kernel/error-catalogue';
import { newId } from '@lapidary/kernel/ids';
import { ProblemSchema } from '@lapidary/contracts/api/common';
import { intentHeader, IntentSchema } from '@lapidary/contracts/api/intents';
import type { z } from 'zod';
import { exactText } from '../shell/exact-time.js';

/** A page that shows nothing for longer than this had better say so. */
const requestTimeoutMs = 20_000;

const codeOfStatus: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  409: 'illegal_transition',
  412: 'version_conflict',
  429: 'rate_limited',
  503: 'not_ready',
  504: 'timeout',
};

type Query = Readonly<Record<string, string | number | undefined>>;

export const getJson = async <T>(path: string, schema: z.ZodType<T>, query: Query = {}, timeoutMs?: number): Promise<T> => {
  const present = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  const search = new URLSearchParams(present).toString();
  return call('GET', search === '' ? path : `${path}?${search}`, schema, undefined, {}, timeoutMs);
};

/** Each click is one request with one key: what a proxy repeats has no second effect. */
export const postJson = async <T>(path: string, schema: z.ZodType<T>, body: unknown): Promise<T> => call('POST', path, schema, body);

/** Only as long as the row is at the version that was read: nobody's change is lost to two who change it at once. */
export const patchJson = async <T>(path: string, schema: z.ZodType<T>, body: unknown, version: number): Promise<T> =>
  call('PATCH', path, schema, body, { 'if-match': `"${version}"` });

export const deleteJson = async <T>(path: string, schema: z.ZodType<T>): Promise<T> => call('DELETE', path, schema);

const call = async <T>(
  method: string,
  path: string,
  schema: z.ZodType<T>,
  body?: unknown,
  more: Readonly<Record<string, string>> = {},
  timeoutMs = requestTimeoutMs,
): Promise<T> => {
  const headers: Record<string, string> = { accept: 'application/json', ...more };
  if (method !== 'GET') headers['idempotency-key'] = newId();
  if (body !== undefined) headers['content-type'] = 'application/json';
  let response: Response;
  try {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    response = await fetch(path, {
      method,
      headers,
      body: payload,
      credentials: 'same-origin',
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (cause) {
    throw new AppError('api_unreachable', 'The control plane does not answer', { cause });
  }
  const text = await response.text();
  if (!response.ok) throw refusal(response, text);
  if (response.status === 202 && response.headers.has(intentHeader)) throw queued(text);
  const result = schema.safeParse(text === '' ? null : tryJson(text));
  if (result.success) return result.data;
  const fields = result.error.issues.slice(0, 3).map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message }));
  throw new AppError('bad_answer', `${path} answered in a shape this console does not know`, { fields });
};

/** Not done, and whoever clicked must know: it waits for its region, and stands among what waits. */
const queued = (text: string): AppError => {
  const { id, owner, expiresAt } = IntentSchema.parse(tryJson(text));
  const details = {
    check: `It is executed once when region ${owner} is heard again, and is given up on ${exactText(expiresAt)}. It can be taken back below "Regions".`,
  };
  return new AppError('intent_queued', `Region ${owner} cannot be reached: queued as ${id}`, { details });
};

const refusal = (response: Response, text: string): AppError => {
  const problem = ProblemSchema.safeParse(tryJson(text)).data;
  const code: ErrorCode = isErrorCode(problem?.code) ? problem.code : (codeOfStatus[response.status] ?? 'bad_answer');
  const details = { ...problem?.details, check: problem?.check, requestId: problem?.requestId ?? response.headers.get('x-request-id') };
  return new AppError(code, problem?.detail ?? `The control plane answered ${response.status}`, { fields: problem?.fields ?? [], details });
};

const tryJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
