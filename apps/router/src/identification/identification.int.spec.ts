import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RouteExplanationSchema } from '@lapidary/contracts/api/routing';
import { routerExplain } from '@lapidary/contracts/subjects';
import { exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { isLive, knows, RouterWorld } from '../router-world.fixture.js';
import { TestIssuer } from '../tokens/issuer.fixture.js';

let world: RouterWorld;
let issuer: TestIssuer;
let file: string;
const document = (rules: unknown): Promise<void> =>
  writeFile(file, JSON.stringify({ rules, tokens: { keys: issuer.url, issuer: 'https://id.example.com', audience: 'shop' } }));

beforeEach(async () => {
  world = await RouterWorld.begin();
  issuer = await TestIssuer.start();
  file = join(world.folder, 'identify.json');
  await world.region.commit(world.stamp());
  await world.region.commit(world.tenant('acme'));
});
afterEach(async () => {
  await world.end();
  await issuer.down();
});

describe('a router that is told where to look for tenants', () => {
  it('does so, and says by which rule a tenant was found', async () => {
    await document([{ host: 'api.example.com', path: '/v2', order: ['token'] }, { host: '*', order: ['host', 'token'] }]); // oxfmt-ignore
    const router = await world.start(undefined, undefined, { LAPIDARY_IDENTIFY_FILE: file });
    await isLive(router);
    await knows(router, 'acme');
    const bytes = `GET /v2/x HTTP/1.1\r\nHost: api.example.com\r\nAuthorization: Bearer ${await issuer.token('acme')}\r\n\r\n`;
    expect(await exchangeBytes(router.port, bytes, /ok$/)).toMatch(/^HTTP\/1.1 200 /);
    const explain = async (host: string, path: string): Promise<unknown> =>
      (await fetch(`${router.admin}/explain?host=${host}&path=${path}`)).json();
    expect(await explain('api.example.com', '/v2/x')).toMatchObject({
      action: 'refuse',
      status: 401,
      code: 'token_invalid',
      steps: [{ step: 'identify', reason: expect.stringMatching(/by the rule for api\.example\.com\/v2: token$/) as string }],
    });
    const explainToken = async (token: string): Promise<unknown> =>
      (await fetch(`${router.admin}/explain?host=api.example.com&path=/v2/x`, { headers: { authorization: `Bearer ${token}` } })).json();
    expect(await explainToken(await issuer.token('acme'))).toMatchObject({
      action: 'forward',
      tenant: 'acme',
      steps: [{ step: 'identify', reason: 'tenant "acme" by token, by the rule for api.example.com/v2: token' }, {}, {}, {}, {}, {}],
    });
    expect(await explainToken('a.b.c')).toMatchObject({ action: 'refuse', status: 401, code: 'token_invalid' });
    const asked = { host: 'api.example.com', path: '/v2/x', token: await issuer.token('acme') };
    const overNats = await world.region.link.requestJson(routerExplain(world.name), asked, RouteExplanationSchema, 5_000);
    expect(overNats).toMatchObject({ action: 'forward', tenant: 'acme' });
    expect(await explain('acme.lapidary.localhost', '/')).toMatchObject({
      tenant: 'acme',
      steps: [
        { step: 'identify', reason: 'tenant "acme" by host, by the rule for */: host, token' },
        {}, {}, {}, {}, {},
      ],
    }); // oxfmt-ignore
  });

  it('doesn’t start by a document that can’t be used, and says all that is wrong', async () => {
    await document([{ order: ['header'] }, { host: 'a.example', order: ['host'] }]);
    const start = world.start(undefined, 'x.json', { LAPIDARY_IDENTIFY_FILE: file });
    await expect(start).rejects.toThrow(/rules\.0\.order asks the header[^]*rules\.1 is never reached/);
  });
});
