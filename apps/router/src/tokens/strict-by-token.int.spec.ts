import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { createLogger } from '@lapidary/telemetry/logger';
import { Identification } from '../identification/identification.js';
import { createRouterMetrics } from '../metrics.js';
import { onPath, requestBytes, startTraffic, TestDoors, type TestTraffic } from '../traffic.fixture.js';
import { TestIssuer } from './issuer.fixture.js';

const soon = { timeoutMs: 60_000, intervalMs: 1 };
const api = 'Host: api.example.com';
const doors = new TestDoors();
const accepted: Socket[] = [];
const accept = (message: unknown): void => void accepted.push((message as { socket: Socket }).socket);
let folder: string;
let issuer: TestIssuer;
let identification: Identification;
let traffic: TestTraffic;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lapidary-strict-'));
  issuer = await TestIssuer.start();
  const file = join(folder, 'identify.json');
  const rules = [{ host: 'api.example.com', order: ['token'] }];
  const tokens = { keys: issuer.url, issuer: 'https://id.example.com', audience: 'shop' };
  await writeFile(file, JSON.stringify({ rules, tokens }));
  const [metrics, logger] = [createRouterMetrics({ processMetrics: false }), createLogger('test', 'silent')];
  const pace = { everyMs: 100_000, askAgainMs: 0 };
  identification = await Identification.start({ file, copyFile: join(folder, 'copy'), metrics, logger, pace });
  const door = await doors.answering((_, request) => answerBytes('200 OK', [], `took ${request.split('\r\n\r\n')[1]!.length}`));
  const timeouts = { connectMs: 5_000, headMs: 5_000, idleMs: 5_000 };
  traffic = await startTraffic([door.url], { identification: () => identification, timeouts });
  traffic.route({ tenant: 'strict', strictIn: ['eu'] });
  subscribe('net.server.socket', accept);
});
afterEach(async () => {
  unsubscribe('net.server.socket', accept);
  accepted.length = 0;
  await traffic.close();
  await identification.stop();
  await issuer.down();
  await doors.close();
  await rm(folder, { recursive: true });
});

const headOf = async (tenant: string, length: number): Promise<string> =>
  requestBytes('POST', '/orders', [api, `Authorization: Bearer ${await issuer.token(tenant)}`, `Content-Length: ${length}`]);

// Tokens that are not known yet are checked on the general path only.
onPath('general', () => {
  it('of a strict tenant that only its token tells, nothing behind the head is read outside while the token is checked (I3)', async () => {
    const head = await headOf('strict', 5_000_000);
    const client = connect({ port: traffic.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
    let answer = '';
    client.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    client.write(head);
    const router = await waitFor('the head', () => accepted.find(({ bytesRead }) => bytesRead >= head.length), soon);
    client.write(Buffer.alloc(5_000_000));
    await waitFor('the redirect', () => answer.startsWith('HTTP/1.1 307 ') || undefined, soon);
    expect(router.bytesRead).toBe(head.length);
    client.destroy();
  });

  it('of another its body goes on once the token is known', async () => {
    const body = 'x'.repeat(300_000);
    const text = await exchangeBytes(traffic.port, `${await headOf('acme', body.length)}${body}`, /took \d+$/);
    expect(text).toMatch(new RegExp(`took ${body.length}$`));
  });
});
