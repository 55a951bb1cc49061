import { AppError } from '@lapidary/kernel/app-error';
import { isErrorCode, type ErrorCode } from '@lapidary/kernel/error-catalogue';
import { ProblemSchema } from '@lapidary/contracts/api/common';
import type { Endpoint } from './endpoint.js';

/** For problems whose code this stampctl does not know (a newer server), and for answers of proxies on the way. */
const codeOfStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_input',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  409: 'illegal_transition',
  412: 'version_conflict',
  413: 'body_too_large',
  414: 'address_too_long',
  422: 'invalid_input',
  429: 'rate_limited',
  500: 'internal',
  503: 'not_ready',
  504: 'timeout',
};

/** The refusal as an AppError: from the problem it carries, or from the bare status. */
export const errorOfAnswer = async (response: Response, server: string): Promise<AppError> => {
  const text = await response.text().catch(() => '');
  const requestId = response.headers.get('x-request-id') ?? undefined;
  const problem = ProblemSchema.safeParse(tryJson(text));
  const retryAfterSeconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const shared = Number.isFinite(retryAfterSeconds) ? { retryAfterSeconds } : {};
  if (!problem.success) {
    const code = codeOfStatus[response.status] ?? 'bad_answer';
    return new AppError(code, `${server} answered ${response.status} ${response.statusText}`.trim(), {
      ...shared,
      details: { server, requestId },
    });
  }
  const { data } = problem;
  const known = isErrorCode(data.code);
  const code = known ? (data.code as ErrorCode) : (codeOfStatus[response.status] ?? 'internal');
  return new AppError(code, data.detail || data.title, {
    ...shared,
    fields: data.fields ?? [],
    details: {
      ...data.details,
      check: data.check,
      requestId: data.requestId ?? requestId,
      server,
      ...(known ? {} : { serverCode: data.code }),
    },
  });
};

/** No answer at all: refused, reset, no such host. */
export const unreachable = (endpoint: Endpoint, cause: unknown): AppError => {
  const reason = reasonOf(cause);
  return new AppError('api_unreachable', `${endpoint.server} cannot be reached${reason === '' ? '' : ` (${reason})`}`, {
    cause,
    details: { server: endpoint.server, ...elsewhere(endpoint) },
  });
};

/** It took the connection and says nothing: stopped, or far too busy. */
export const slow = (endpoint: Endpoint, timeoutMs: number): AppError =>
  new AppError('api_unreachable', `${endpoint.server} did not answer within ${timeoutMs / 1000} s`, {
    details: { server: endpoint.server, ...elsewhere(endpoint) },
  });

/** Not asked by itself: whoever has not answered may have taken the change all the same. */
const elsewhere = ({ others = [] }: Endpoint): { check?: string } =>
  others.length === 0
    ? {}
    : {
        check:
          '"stampctl doctor" looks at each part. Another region takes changes meanwhile, and queues what needs this one: ' +
          `--server ${others[0]}`,
      };

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'name not resolved',
  UND_ERR_SOCKET: 'connection lost',
};

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return reasons[code] ?? code;
};

const tryJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
