import { request } from 'node:http';

export interface RouterAnswer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** Long enough for a retry behind the router, short enough that a hang is seen as one. */
const answerMs = 10_000;

/** One request through a router on its own connection. Rejects where no answer came. */
export const throughRouter = (
  router: string,
  host: string,
  path: string,
  options: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<RouterAnswer> =>
  new Promise((resolve, reject) => {
    const url = new URL(path, router);
    const text = options.body === undefined ? undefined : JSON.stringify(options.body);
    const req = request(
      url,
      {
        method: options.method ?? 'GET',
        agent: false,
        timeout: answerMs,
        headers: {
          host,
          ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
          ...options.headers,
        },
      },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(chunks).toString('utf8') }));
        res.on('error', reject);
      },
    );
    req.on('timeout', () => req.destroy(new Error(`no answer within ${answerMs} ms`)));
    req.on('error', reject);
    req.end(text);
  });
