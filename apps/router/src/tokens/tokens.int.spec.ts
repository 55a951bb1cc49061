import { mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SignJWT, UnsecuredJWT } from 'jose';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { createLogger } from '@lapidary/telemetry/logger';
import { Identification } from '../identification/identification.js';
import { createRouterMetrics, type RouterMetrics } from '../metrics.js';
import { onBothPaths, onPath, problemOf, requestBytes, startTraffic, TestDoors, type TestTraffic } from '../traffic.fixture.js';
import { makeKey, TestIssuer } from './issuer.fixture.js';

const soon = { timeoutMs: 60_000, intervalMs: 10 };
const logger = createLogger('test', 'silent');
let folder: string;
let issuer: TestIssuer;
let doors: TestDoors;
let traffic: TestTraffic;
let identification: Identification;
let metrics: RouterMetrics;
let received: string[];

const rules = [
  { host: 'api.example.com', path: '/either', order: ['token', 'header'] },
  { host: 'api.example.com', order: ['token'] },
  { host: '*.lapidary.localhost', path: '/plain', order: ['host'] },
  { host: '*.lapidary.localhost', order: ['token', 'host'] },
];
const identify = (over: Record<string, unknown> = {}, of: unknown = rules): Promise<void> =>
  writeFile(
    join(folder, 'identify.json'),
    JSON.stringify({
      rules: of,
      tokens: { keys: issuer.url, issuer: 'https://id.example.com', audience: 'shop', skewSeconds: 0, ...over },
    }),
  );
const startIdentification = async (): Promise<void> => {
  metrics = createRouterMetrics({ processMetrics: false });
  const pace = { everyMs: 100_000, askAgainMs: 0 };
  const [file, copyFile] = [join(folder, 'identify.json'), join(folder, 'copy')];
  identification = await Identification.start({ file, copyFile, metrics, logger, pace, everyMs: 20 });
  // Clients of these tests wait for two seconds; a loaded machine needs longer to load a thread.
  await identification.facts('api.example.com', '/', () => ['authorization', 'Bearer to.begin.with']);
  metrics.lapidary_router_tokens_total.reset();
};
const outcomes = async (): Promise<Record<string, number>> =>
  Object.fromEntries((await metrics.lapidary_router_tokens_total.get()).values.map(({ labels, value }) => [labels['outcome'], value]));

const ask = async (headers: readonly string[], path = '/'): Promise<string> =>
  exchangeBytes(traffic.port, requestBytes('GET', path, headers), /^HTTP\/1.1 \d[^]*?\r\n\r\n[^]+/);
const bearer = (token: string): string => `Authorization: Bearer ${token}`;
const api = 'Host: api.example.com';
const tenants = (): (string | undefined)[] => received.map((text) => /x-lapidary-tenant: (.*)\r\n/.exec(text)?.[1]);
/** Nobody may be reached in a refusal's stead. */
const refused = (text: string): { status: number; code: string } => {
  expect(received).toEqual([]);
  const { status, code } = problemOf(text);
  expect(Number(text.slice(9, 12))).toBe(status);
  return { status, code };
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lapidary-tokens-'));
  issuer = await TestIssuer.start();
  doors = new TestDoors();
  received = [];
  const door = await doors.answering((_, request) => (received.push(request), answerBytes('200 OK', [], 'ok')));
  await identify();
  await startIdentification();
  traffic = await startTraffic([door.url], { identification: () => identification });
  traffic.route({ tenant: 'beta' });
});
afterEach(async () => {
  await traffic.close();
  await identification.stop();
  await doors.close();
  await issuer.down();
  await rm(folder, { recursive: true });
});

onBothPaths(() => {
  it('a token says whose request it is; it goes on to the stamp as it came, and is checked once', async () => {
    const token = await issuer.token('beta');
    for (let i = 0; i < 3; i += 1) expect(await ask([api, bearer(token)])).toMatch(/^HTTP\/1.1 200 /);
    expect(tenants()).toEqual(['beta', 'beta', 'beta']);
    expect(received[0]).toContain(`${bearer(token)}\r\n`);
    expect(await outcomes()).toEqual({ good: 1, known: 2 });
  });

  it('a token and a host that agree go; without a token the host decides where it is asked next', async () => {
    expect(await ask([bearer(await issuer.token('acme'))])).toMatch(/^HTTP\/1.1 200 /);
    expect(await ask([])).toMatch(/^HTTP\/1.1 200 /);
    expect(await ask(['Authorization: Basic YTpi'])).toMatch(/^HTTP\/1.1 200 /);
    expect(tenants()).toEqual(['acme', 'acme', 'acme']);
  });

  it.each<[string, string[], string]>([
    ['the host', [], '/'],
    ['the header', [api, 'x-tenant: acme'], '/either'],
  ])('a token for another tenant than %s says is refused', async (_, headers, path) => {
    const text = await ask([...headers, bearer(await issuer.token('beta'))], path);
    expect(refused(text)).toEqual({ status: 403, code: 'tenant_mismatch' });
  });

  it('where only a token counts, none and a header in its stead are refused, and told what is wanted', async () => {
    const text = await ask([api, 'x-tenant: acme']);
    expect(refused(text)).toEqual({ status: 401, code: 'token_invalid' });
    expect(text).toMatch(/\r\nwww-authenticate: Bearer\r\n/i);
  });

  it('where no rule asks for it, a token is the workload’s business', async () => {
    expect(await ask([bearer('a.b.c')], '/plain')).toMatch(/^HTTP\/1.1 200 /);
    expect(await ask([bearer('a.b.c')], '/plain/x?y')).toMatch(/^HTTP\/1.1 200 /);
    expect(await outcomes()).toEqual({});
  });

  it.each(['/x/../plain', '/plain/%2e%2e/x', '//plain', '/plain%2fx', '/%2570lain'])(
    'a path that can be read in two ways chooses no rule: %s',
    async (path) => expect(refused(await ask([bearer('a.b.c')], path))).toEqual({ status: 400, code: 'invalid_input' }),
  );

  it('a path that is encoded without need is the one that it means', async () => {
    expect(await ask([bearer('a.b.c')], '/%70lain')).toMatch(/^HTTP\/1.1 200 /);
  });
});

onPath('fast', () => {
  const handedOver = async (): Promise<number> => (await traffic.metrics.lapidary_router_handed_over_total.get()).values[0]?.value ?? 0;

  it('rules by host, header and path, and tokens that are known, are decided on there; a new token takes its connection, for one answer', async () => {
    const token = await issuer.token('beta');
    const first = await ask([api, bearer(token)]);
    expect(first).toMatch(/^HTTP\/1.1 200 [^]*\r\nconnection: close\r\n/i);
    expect(await handedOver()).toBe(1);
    for (let i = 0; i < 3; i += 1) {
      const again = await ask([api, bearer(token)]);
      expect(again).toMatch(/^HTTP\/1.1 200 /);
      expect(again).not.toMatch(/\r\nconnection: close\r\n/i);
    }
    expect(await ask([], '/plain')).toMatch(/^HTTP\/1.1 200 /);
    expect(await ask([api, 'x-tenant: beta', bearer(token)], '/either')).toMatch(/^HTTP\/1.1 200 /);
    expect(refused(await ((received.length = 0), ask([api, 'x-tenant: acme', bearer(token)], '/either')))).toMatchObject({ status: 403 });
    expect(await handedOver()).toBe(1);
  });

  it('one host’s answer is not another rule’s: the same host goes by path', async () => {
    const token = await issuer.token('beta');
    await ask([api, bearer(token)]);
    received.length = 0;
    expect(await ask([])).toMatch(/^HTTP\/1.1 200 /);
    expect(refused(await ((received.length = 0), ask([bearer(token)])))).toMatchObject({ status: 403, code: 'tenant_mismatch' });
    expect(await ask([bearer(token)], '/plain')).toMatch(/^HTTP\/1.1 200 /);
    expect(tenants()).toEqual(['acme']);
  });
});

describe('a token is not believed that', () => {
  const claims = (over: Record<string, unknown>): Promise<string> => issuer.token('beta', { claims: over });
  const seconds = (from: number): number => Math.floor(Date.now() / 1000) + from;

  it.each<[string, () => string | Promise<string>]>([
    ['is no token', () => 'a.b.c'],
    ['has ended', () => claims({ exp: seconds(-1) })],
    ['has not begun', () => claims({ nbf: seconds(30) })],
    ['has no end', () => claims({ exp: undefined })],
    ['is of another issuer', () => claims({ iss: 'https://evil.example.com' })],
    ['is of no issuer', () => claims({ iss: undefined })],
    ['is for somebody else', () => claims({ aud: ['other'] })],
    ['is for nobody', () => claims({ aud: undefined })],
    ['names no tenant', () => claims({ tenant: undefined })],
    ['names a tenant that is none', () => claims({ tenant: '../beta' })],
    ['names a list of tenants', () => claims({ tenant: ['beta'] })],
    ['is signed by a key that nobody knows', async () => issuer.token('beta', { key: await makeKey('other') })],
    ['is signed by another key under a known name', async () => issuer.token('beta', { key: await makeKey('one') })],
    ['is signed by an algorithm that is not allowed', async () => {
      const key = await makeKey('es512', 'ES512');
      issuer.keys.push(key.jwk);
      return issuer.token('beta', { key });
    }],
    ['is not signed (alg none)', () =>
      new UnsecuredJWT({ tenant: 'beta' }).setIssuer('https://id.example.com').setAudience('shop').setExpirationTime('1m').encode()],
    ['is signed with the public key for a secret', () =>
      new SignJWT({ tenant: 'beta', iss: 'https://id.example.com', aud: 'shop', exp: seconds(60) })
        .setProtectedHeader({ alg: 'HS256', kid: 'one' })
        .sign(Buffer.from(issuer.key.jwk.x!, 'base64url'))],
    ['has a critical extension that we don’t know', () => issuer.token('beta', { header: { crit: ['x'], x: 1 } }).catch(() => 'a.b.c')],
    ['has another payload than was signed', async () => {
      const [[head, , signature], [, body]] = [(await issuer.token('beta')).split('.'), (await issuer.token('acme')).split('.')];
      return `${head}.${body}.${signature}`;
    }],
  ])('%s', async (_, make) => {
    const text = await ask([api, bearer(await make())]);
    expect(refused(text)).toEqual({ status: 401, code: 'token_invalid' });
    expect(text).toMatch(/\r\nwww-authenticate: Bearer error="invalid_token"\r\n/i);
  }); // oxfmt-ignore

  it('comes twice, or is longer than tokens are', async () => {
    const token = await issuer.token('beta');
    expect(refused(await ask([api, bearer(token), bearer(token)]))).toEqual({ status: 401, code: 'token_invalid' });
    expect(refused(await ask([api, bearer(`a.b.${'c'.repeat(9_000)}`)]))).toEqual({ status: 401, code: 'token_invalid' });
  });

  it('was believed and has ended since', async () => {
    const exp = seconds(2);
    const token = await issuer.token('beta', { claims: { exp } });
    const lookedAtMs = await waitFor(
      'its end',
      async () => {
        const askedAtMs = Date.now();
        if ((await ask([api, bearer(token)])).startsWith('HTTP/1.1 401 ')) return askedAtMs;
        expect(askedAtMs).toBeLessThan(exp * 1000);
        return undefined;
      },
      soon,
    );
    expect(received.length).toBeGreaterThan(0);
    // The check takes a moment in which it may end.
    expect(lookedAtMs).toBeGreaterThan(exp * 1000 - 1_000);
  });
});

describe('keys', () => {
  it('of more than one kind are taken', async () => {
    for (const alg of ['RS256', 'ES256']) {
      const key = await makeKey(alg, alg);
      issuer.keys = [...issuer.keys, key.jwk];
      expect(await ask([api, bearer(await issuer.token('beta', { key }))])).toMatch(/^HTTP\/1.1 200 /);
    }
  });

  it('that are new are looked for when a token names one, and those that are taken back count no more', async () => {
    const [old, two] = [await issuer.token('beta'), await makeKey('two')];
    expect(await ask([api, bearer(old)])).toMatch(/^HTTP\/1.1 200 /);
    issuer.keys = [issuer.key.jwk, two.jwk];
    expect(await ask([api, bearer(await issuer.token('beta', { key: two }))])).toMatch(/^HTTP\/1.1 200 /);
    // What was believed by a key that stays is not checked again.
    expect(await ask([api, bearer(old)])).toMatch(/^HTTP\/1.1 200 /);
    expect(await outcomes()).toEqual({ good: 2, known: 1 });
    const three = await makeKey('three');
    issuer.keys = [two.jwk, three.jwk];
    expect(await ask([api, bearer(await issuer.token('beta', { key: three }))])).toMatch(/^HTTP\/1.1 200 /);
    received.length = 0;
    expect(refused(await ask([api, bearer(old)]))).toEqual({ status: 401, code: 'token_invalid' });
  });

  it('outlive their server, and a restart beside it', async () => {
    const token = await issuer.token('beta');
    await issuer.down();
    expect(await ask([api, bearer(token)])).toMatch(/^HTTP\/1.1 200 /);
    await identification.stop();
    await startIdentification();
    expect(await ask([api, bearer(await issuer.token('acme'))])).toMatch(/^HTTP\/1.1 200 /);
    await issuer.up();
  });

  it('changed while their server is away: who comes with a new one is told to come again, not that its token is no good', async () => {
    const two = await makeKey('two');
    await issuer.down();
    const text = await ask([api, bearer(await issuer.token('beta', { key: two }))]);
    expect(refused(text)).toEqual({ status: 503, code: 'token_unchecked' });
    await issuer.up();
  });

  it('whose copy could not be written at first are kept at the next look', async () => {
    const copy = join(folder, 'copy');
    await rm(copy);
    // A folder in its place: nothing can be renamed onto it, as nothing can be written to a disk that is full.
    await mkdir(copy);
    await identification.stop();
    await startIdentification();
    expect(await ask([api, bearer(await issuer.token('acme'))])).toMatch(/^HTTP\/1.1 200 /);
    await rmdir(copy);
    received.length = 0;
    await ask([api, bearer(await issuer.token('beta', { key: await makeKey('unknown') }))]);
    await waitFor('the copy', async () => (await readFile(copy, 'utf8').catch(() => '')).includes('keys') || undefined, soon);
  });

  it('that are rubbish, or secret, leave the last ones in place', async () => {
    const secret = { kty: 'oct', kid: 'one', k: 'c2VjcmV0' };
    for (const keys of [[], [secret], [{ ...issuer.key.jwk, d: 'x' }]]) {
      issuer.keys = keys;
      await ask([api, bearer(await issuer.token('beta', { key: await makeKey('unknown') }))]);
      received.length = 0;
      expect(await ask([api, bearer(await issuer.token('beta', { claims: { jti: String(keys.length) } }))])).toMatch(/^HTTP\/1.1 200 /);
    }
    const { values } = await metrics.lapidary_router_reloads_total.get();
    expect(values.find(({ labels }) => labels['what'] === 'token_keys' && labels['outcome'] === 'refused')?.value).toBe(3);
  });

  it('that never came leave tokens unchecked, and the rest served', async () => {
    await issuer.down();
    await rm(join(folder, 'copy'));
    await identification.stop();
    await startIdentification();
    const text = await ask([api, bearer(await issuer.token('beta'))]);
    expect(refused(text)).toEqual({ status: 503, code: 'token_unchecked' });
    expect(text).toMatch(/\r\nretry-after: 1\r\n/i);
    // Or nobody would be told that they are missing: 0 is where no tokens are used.
    expect((await metrics.lapidary_router_token_keys_confirmed_seconds.get()).values[0]?.value).toBeGreaterThan(0);
    expect(await ask([])).toMatch(/^HTTP\/1.1 200 /);
    await issuer.up();
    received.length = 0;
    expect(await ask([api, bearer(await issuer.token('beta'))])).toMatch(/^HTTP\/1.1 200 /);
  });

  it('may be a file', async () => {
    const keys = join(folder, 'jwks.json');
    await writeFile(keys, JSON.stringify({ keys: [issuer.key.jwk] }));
    await identify({ keys });
    const token = await issuer.token('beta');
    await issuer.down();
    await waitFor('the file', async () => (await ask([api, bearer(token)])).startsWith('HTTP/1.1 200 ') || undefined, soon);
    await issuer.up();
  });
});

describe('the document', () => {
  it('changes while the router serves; what can’t be used changes nothing', async () => {
    const token = await issuer.token('beta');
    expect(await ask([api, bearer(token)])).toMatch(/^HTTP\/1.1 200 /);
    await writeFile(join(folder, 'identify.json'), '{"rules":[{"order":["header"]}]}');
    const count = async (outcome: string): Promise<number | undefined> =>
      (await metrics.lapidary_router_reloads_total.get()).values.find(
        ({ labels }) => labels['what'] === 'identify' && labels['outcome'] === outcome,
      )?.value;
    await waitFor('the refusal', () => count('refused'), soon);
    expect(await ask([api, bearer(token)])).toMatch(/^HTTP\/1.1 200 /);
    await identify({}, [{ host: 'api.example.com', order: ['header'] }]);
    await waitFor('the change', () => count('taken'), soon);
    received.length = 0;
    expect(await ask([api, bearer(token), 'x-tenant: acme'])).toMatch(/^HTTP\/1.1 200 /);
    expect(tenants()).toEqual(['acme']);
  });

  it('changes how tokens are checked while they are, and nobody is told that they could not be', async () => {
    const tokens = await Promise.all(Array.from({ length: 200 }, () => issuer.token('beta', { claims: { jti: randomUUID() } })));
    const kinds = new Set<string>();
    let going = true;
    let asked = 0;
    const client = async (): Promise<void> => {
      while (going) {
        const token = tokens[(asked += 1) % tokens.length]!;
        kinds.add((await identification.facts('api.example.com', '/', () => ['authorization', `Bearer ${token}`]))!.kind);
        // What is known is told at once: nobody else would have a turn.
        await nextTurn();
      }
    };
    const clients = [client(), client()];
    const taken = async (): Promise<number> =>
      (await metrics.lapidary_router_reloads_total.get()).values.find(
        ({ labels }) => labels['what'] === 'identify' && labels['outcome'] === 'taken',
      )?.value ?? 0;
    try {
      for (let i = 1; i <= 6; i += 1) {
        const before = await taken();
        // What was believed by the settings before is checked anew.
        await identify({ cacheSeconds: i });
        // A file that is looked at while it is written may be taken twice.
        await waitFor('the change', async () => (await taken()) > before || undefined, soon);
        const from = asked;
        await waitFor('some checks by it', () => asked > from + tokens.length || undefined, soon);
      }
    } finally {
      going = false;
      await Promise.all(clients);
    }
    expect([...kinds]).toEqual(['verified']);
  });
});
