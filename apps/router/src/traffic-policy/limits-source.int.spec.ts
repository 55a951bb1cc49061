import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LimitsDocumentSchema, type LimitsDocument } from '@lapidary/contracts/limits';
import { LimitsRequestSchema } from '@lapidary/contracts/router-protocol';
import { routerLimits, routerLimitsChanged } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { createLogger } from '@lapidary/telemetry/logger';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { LimitsSource } from './limits-source.js';

const logger = createLogger('test', 'silent');
const perTenant = (max: number): LimitsDocument =>
  LimitsDocumentSchema.parse({ tiers: { standard: { limits: [{ kind: 'fixed_window', max, windowSeconds: 1 }] } } });
const patience = { timeoutMs: 60_000, intervalMs: 5 };

describe('where a router’s limits come from', () => {
  let folder: string;
  let region: string;
  let controlPlane: NatsLink;
  let router: NatsLink;
  let held: { version: number; document: LimitsDocument };
  const sources: LimitsSource[] = [];

  const sourceOn = (link: NatsLink): { source: LimitsSource; taken: LimitsDocument[] } => {
    const taken: LimitsDocument[] = [];
    const source = new LimitsSource({ region, link, file: join(folder, 'limits.json'), limitBy: (d) => taken.push(d), logger });
    sources.push(source);
    return { source, taken };
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lapidary-limits-'));
    region = freshRegion();
    held = { version: 1, document: perTenant(5) };
    controlPlane = new NatsLink({ url: testNats().url, name: 'control plane', logger });
    router = new NatsLink({ url: testNats().url, name: 'router', logger });
    controlPlane.serveJson(routerLimits(region), LimitsRequestSchema, ({ version }) => ({
      version: held.version,
      document: version === held.version ? null : held.document,
    }));
    await waitFor('NATS', () => (controlPlane.isConnected && router.isConnected) || undefined, patience);
  });

  afterEach(async () => {
    for (const source of sources.splice(0)) await source.stop();
    await Promise.all([router.close(), controlPlane.close()]);
    await rm(folder, { recursive: true });
  });

  it('is asked for at the start, and again when a change is told', async () => {
    const { source, taken } = sourceOn(router);
    source.start();
    await waitFor('the first limits', () => taken.length === 1 || undefined, patience);
    held = { version: 2, document: perTenant(9) };
    controlPlane.publishJson(routerLimitsChanged(region), { version: 2 });
    await waitFor('the change', () => taken.length === 2 || undefined, patience);
    expect(taken).toEqual([perTenant(5), perTenant(9)]);
  });

  it('a change that nobody told is found within seconds', async () => {
    const { source, taken } = sourceOn(router);
    source.start();
    await waitFor('the first limits', () => taken.length === 1 || undefined, patience);
    held = { version: 2, document: perTenant(9) };
    await waitFor('the change', () => taken.length === 2 || undefined, patience);
  });

  it('a router that starts without anybody holds its last good copy (I7)', async () => {
    const before = sourceOn(router);
    before.source.start();
    await waitFor('the copy', async () => (await readFile(join(folder, 'limits.json')).catch(() => null)) ?? undefined, patience);
    const alone = new NatsLink({ url: 'nats://127.0.0.1:1', name: 'cut off', logger });
    const { source, taken } = sourceOn(alone);
    await source.loadCopy();
    expect([taken, source.version]).toEqual([[perTenant(5)], 1]);
    await alone.close();
  });

  it.each([
    ['half written', '{"region":'],
    ['of another region', JSON.stringify({ region: 'mars', version: 1, document: perTenant(5) })],
    ['with limits that are none', JSON.stringify({ region: 'eu', version: 1, document: { tiers: 5 } })],
  ])('a copy that is %s is refused: the defaults hold', async (_, text) => {
    await writeFile(join(folder, 'limits.json'), text);
    const { source, taken } = sourceOn(router);
    await source.loadCopy();
    expect([taken, source.version]).toEqual([[], null]);
  });
});
