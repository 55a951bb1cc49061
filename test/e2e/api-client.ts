import { newId } from '@lapidary/kernel/ids';

/** One control plane's HTTP API, called as any client would. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

export interface ApiClient {
  get(path: string, options?: ApiOptions): Promise<ApiAnswer>;
  post(path: string, body: unknown, options?: ApiOptions): Promise<ApiAnswer>;
  put(path: string, body: unknown, options?: ApiOptions): Promise<ApiAnswer>;
}
export interface ApiOptions {
  readonly idempotencyKey?: string;
  /** null sends none. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export const apiClient = (server: string, token: string): ApiClient => {
  const call = async (method: string, target: string, body: unknown, options: ApiOptions): Promise<ApiAnswer> => {
    const given = options.token === undefined ? token : options.token;
    const response = await fetch(`${server}${target}`, {
      method,
      headers: {
        ...(given === null ? {} : { authorization: `Bearer ${given}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'idempotency-key': options.idempotencyKey ?? newId() }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? null : (JSON.parse(text) as unknown) };
  };
  return {
    get: (target, options = {}) => call('GET', target, undefined, options),
    post: (target, body, options = {}) => call('POST', target, body, options),
    put: (target, body, options = {}) => call('PUT', target, body, options),
  };
};
