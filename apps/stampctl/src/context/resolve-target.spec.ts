import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyFolder } from '../test/run-stampctl.js';
import { contextFilePath, isExposed, readContextFile, writeContextFile } from './context-file.js';
import { resolveTarget } from './resolve-target.js';

const regionEntry = (port: number) => ({
  api: `http://127.0.0.1:${port}`,
  router: 'http://127.0.0.1:1',
  routerAdmin: 'http://127.0.0.1:1',
  nats: 'nats://127.0.0.1:1',
  postgres: 'postgres://127.0.0.1:1',
});

/** A checkout with a running fleet of two regions, and a folder deep inside it. */
const checkout = (): { root: string; deep: string; env: Record<string, string> } => {
  const root = emptyFolder();
  const deep = join(root, 'apps', 'shop', 'src');
  mkdirSync(deep, { recursive: true });
  mkdirSync(join(root, '.lapidary'));
  writeFileSync(join(root, '.lapidary/admin.token'), 'from-run-file\n');
  const run = {
    ready: true,
    supervisorPid: process.pid,
    startedAt: 'now',
    console: 'http://127.0.0.1:7001/',
    tokenFile: '.lapidary/admin.token',
    regions: { us: regionEntry(7002), eu: regionEntry(7001) },
    processes: [],
  };
  writeFileSync(join(root, '.lapidary/run.json'), JSON.stringify(run));
  return { root, deep, env: { XDG_CONFIG_HOME: join(root, 'config') } };
};

const withContexts = (env: Record<string, string>): void => {
  writeContextFile(env, {
    current: 'prod',
    contexts: { prod: { server: 'https://prod.example', token: 'prod-token' }, stage: { server: 'https://stage.example', region: 'eu' } },
  });
};

test('beside a running fleet nothing needs to be configured: region eu is asked, with the fleet’s own token', () => {
  const { deep, env } = checkout();
  expect(resolveTarget({}, env, deep)).toMatchObject({
    server: 'http://127.0.0.1:7001',
    token: 'from-run-file',
    region: 'eu',
    source: 'run file',
  });
});

test('--region chooses the API of that region', () => {
  const { deep, env } = checkout();
  expect(resolveTarget({ region: 'us' }, env, deep)).toMatchObject({ server: 'http://127.0.0.1:7002', others: ['http://127.0.0.1:7001'] });
  expect(() => resolveTarget({ region: 'mars' }, env, deep)).toThrow('no region "mars"');
});

test('what is said more directly wins', () => {
  const { deep, env } = checkout();
  const server = (options: object, more: Record<string, string> = {}): string => resolveTarget(options, { ...env, ...more }, deep).server;
  withContexts(env);
  expect(server({})).toBe('https://prod.example');
  expect(server({}, { STAMPCTL_CONTEXT: 'stage' })).toBe('https://stage.example');
  expect(server({}, { STAMPCTL_CONTEXT: 'stage', STAMPCTL_SERVER: 'http://env.example' })).toBe('http://env.example');
  expect(server({ context: 'stage' }, { STAMPCTL_SERVER: 'http://env.example' })).toBe('https://stage.example');
  expect(server({ context: 'stage', server: 'http://flag.example' })).toBe('http://flag.example');
});

test('a token that is given goes before the one that was found, and no token is sent to another server', () => {
  const { deep, env } = checkout();
  expect(resolveTarget({ token: 'flag' }, { ...env, STAMPCTL_TOKEN: 'env' }, deep).token).toBe('flag');
  expect(resolveTarget({}, { ...env, STAMPCTL_TOKEN: 'env' }, deep).token).toBe('env');
  expect(resolveTarget({ server: 'http://127.0.0.1:7002' }, env, deep).token).toBe('from-run-file');
  expect(resolveTarget({ server: 'http://other.example' }, env, deep).token).toBeNull();
});

test.each([
  ['nothing at all', {}],
  ['an unknown context', { context: 'moon' }],
  ['a name on the prototype', { context: 'constructor' }],
])('%s is no_context, with what to do', (_, options) => {
  const cwd = emptyFolder();
  expect(() => resolveTarget(options, { XDG_CONFIG_HOME: cwd }, cwd)).toThrow(expect.objectContaining({ code: 'no_context' }) as Error);
});

test('an address that is none is a usage error', () => {
  expect(() => resolveTarget({ server: 'localhost:8080' }, {}, emptyFolder())).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
});

test('a broken run file counts as none', () => {
  const { root, deep, env } = checkout();
  writeFileSync(join(root, '.lapidary/run.json'), '{"ready":');
  expect(() => resolveTarget({}, env, deep)).toThrow('No control plane to talk to');
});

test('the context file can be read by its owner only, and one that others can read is noticed', () => {
  const { env } = checkout();
  withContexts(env);
  const path = contextFilePath(env);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(isExposed(path)).toBe(false);
  chmodSync(path, 0o644);
  expect(isExposed(path)).toBe(true);
});

test.each(['{', '[]', '{"current":null,"contexts":{"a":{"server":"nowhere"}}}'])(
  'a context file with %s is refused, not overlooked',
  (text) => {
    const { env } = checkout();
    withContexts(env);
    writeFileSync(contextFilePath(env), text);
    expect(() => readContextFile(env)).toThrow(expect.objectContaining({ code: 'config_invalid' }) as Error);
  },
);
