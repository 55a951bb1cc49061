import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { TokenPageSchema, TokenSchema, type CreateToken, type TokenView } from '@lapidary/contracts/api/tokens';
import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import type { SeenRequest } from '@lapidary/testing/fake-fleet';
import { formats } from './output/output.js';
import { expectForm } from './test/expect-form.js';
import { run, type Ran } from './test/run-stampctl.js';

const token: TokenView = {
  ...{ name: 'deploys', bindings: [{ role: 'operator', region: 'eu' }], createdAt: '2026-11-01T10:00:00.000Z' },
  ...{ expiresAt: null, revokedAt: null, heldAt: null },
};
let plane: FakeControlPlane;
let created: CreateToken[];
const answer = ({ method, path, body }: SeenRequest, response: ServerResponse): boolean => {
  const send = (status: number, value: unknown): true => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    return true;
  };
  if (path.endsWith('/revoke')) return send(200, TokenSchema.parse({ ...token, revokedAt: token.createdAt }));
  if (path !== '/v1/tokens') return false;
  if (method === 'GET') return send(200, TokenPageSchema.parse({ items: [token], next: null }));
  const asked = body as CreateToken;
  created.push(asked);
  return send(201, TokenSchema.parse({ ...token, name: asked.name, bindings: asked.bindings, expiresAt: asked.expiresAt ?? null }));
};
beforeEach(async () => {
  created = [];
  plane = await new FakeControlPlane().up();
  plane.intercept = answer;
});
afterEach(async () => plane.down());
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });

describe.each([
  ['tokens ls', ['tokens', 'ls']],
  ['tokens create', ['tokens', 'create', 'deploys', '--role', 'operator@eu', '--valid-for', '90d']],
  ['tokens revoke', ['tokens', 'revoke', 'deploys', '--reason', 'it was in a log']],
])('%s', (_, argv) => {
  test.each(formats)('-o %s', async (form) => expectForm(await ctl(...argv, '-o', form), form));
});

test('the secret is shown to who asked, and the control plane is told its digest alone', async () => {
  const { out } = await ctl('tokens', 'create', 'deploys', '--role', 'operator@eu', '--role', 'viewer', '-o', 'json');
  const { secret } = JSON.parse(out) as { secret: string };
  expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
  expect(created).toEqual([
    {
      name: 'deploys',
      sha256: createHash('sha256').update(secret).digest('hex'),
      bindings: [
        { role: 'operator', region: 'eu' },
        { role: 'viewer', region: '*' },
      ],
    },
  ]);
});

test.each([
  ['no role', ['tokens', 'create', 'deploys'], '--role is missing'],
  ['a role that there is not', ['tokens', 'create', 'deploys', '--role', 'owner'], 'role'],
  ['a length of time that is none', ['tokens', 'create', 'deploys', '--role', 'viewer', '--valid-for', 'long'], 'not a duration'],
  ['no reason', ['tokens', 'revoke', 'deploys'], '--reason is missing'],
])('%s: nothing is sent', async (_, argv, says) => {
  const ran = await ctl(...argv);
  expect(ran.exit).toBe(2);
  expect(ran.err).toContain(says);
  expect(created).toEqual([]);
});
