import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyFolder, run, type Ran } from './test/run-stampctl.js';

const token = 'eyJhbGciOiJFZERTQSJ9.eyJ0ZW5hbnQiOiJhY21lIn0.c2lnbmF0dXJl';
const answer = {
  router: 'r1', region: 'eu', host: 'api.example.com', action: 'refuse', status: 401, code: 'token_invalid', tenant: null, stamp: null, epoch: null,
  upstream: null, steps: [], directory: { source: 'live', cursor: 1, entries: 1, ageMs: 0, lagMs: 0 },
}; // oxfmt-ignore

describe('stampctl route with a token', () => {
  let server: Server;
  let asked: { url: string; token: string | string[] | undefined }[];
  let cwd: string;

  beforeEach(async () => {
    asked = [];
    cwd = emptyFolder();
    server = createServer((request, response) => {
      asked.push({ url: request.url ?? '', token: request.headers['x-lapidary-route-token'] });
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())));

  const route = (argv: readonly string[], env: Record<string, string> = {}, input?: string): Promise<Ran> => {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const options = {
      cwd,
      env: { STAMPCTL_SERVER: endpoint, STAMPCTL_TOKEN: 'operator', ...env },
      ...(input === undefined ? {} : { input }),
    };
    return run(['route', 'api.example.com', ...argv], options);
  };
  const said = ({ out, err }: Ran): string => out + err;

  it.each([
    ['a file', ['--bearer-file', 'token.jwt'], {}, undefined],
    ['standard input', ['--bearer-file', '-'], {}, `Bearer ${token}\n`],
    ['the environment', [], { STAMPCTL_ROUTE_BEARER: token }, undefined],
  ])('takes it from %s, sends it in a header, and shows it nowhere', async (_, argv, env, input) => {
    writeFileSync(join(cwd, 'token.jwt'), `${token}\n`);
    for (const format of ['table', 'json']) {
      const ran = await route([...argv, '-o', format, '--verbose'], env as Record<string, string>, input);
      expect(ran.exit).toBe(0);
      expect(said(ran)).not.toContain(token.slice(0, 20));
    }
    expect(new Set(asked.map((request) => request.token))).toEqual(new Set([token]));
    expect(asked.every(({ url }) => !url.includes('eyJ'))).toBe(true);
  });

  it('asks without one where none is given', async () => {
    expect((await route([])).exit).toBe(0);
    expect(asked[0]!.token).toBeUndefined();
  });

  it.each([
    ['two lines', `${token}\r\nx-lapidary-tenant: beta`],
    ['nothing', '\n'],
    ['what no header can carry', 'tök'],
    ['too much', 'x'.repeat(8_193)],
  ])('refuses %s without repeating it, and asks nobody', async (_, content) => {
    writeFileSync(join(cwd, 'token.jwt'), content);
    const ran = await route(['--bearer-file', 'token.jwt']);
    expect([ran.exit, asked.length]).toEqual([2, 0]);
    expect(said(ran)).not.toContain(content.trim().slice(0, 10) || token);
  });

  it('says which file can’t be read', async () => {
    const ran = await route(['--bearer-file', 'absent.jwt']);
    expect([ran.exit, said(ran)]).toEqual([2, expect.stringContaining('absent.jwt')]);
  });
});
