import { createHash } from 'node:crypto';
import type { Heartbeat, RegisterReply, RegisterRequest } from '@lapidary/contracts/agent-protocol';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { Authenticator } from '../auth/authenticator.js';
import { systemContext } from '../http/command-context.js';
import { buryStamp } from '../stamps/retire-stamp.js';
import { recordTenantRoute } from '../directory/record-route.js';
import { numberDirectory } from '../directory/number-directory.js';
import { openTestRegion, type TestRegion } from '../outbox/testing/test-region.js';
import { answerCredentials, answerRegister, answerSync, type AgentTools } from './answer-agents.js';
import { HeartbeatBook } from './heartbeat-book.js';
import { healthMetrics } from './metrics.js';
import { StampMonitor } from './monitor.js';
import { stampViewOf } from '../stamps/stamp-row.js';
import { findStamp } from '../stamps/stamp-store.js';

let region: TestRegion;
let stamp: string;
let tools: AgentTools;
const token = 'a secret of some length';

const requestOf = (instanceId: string, change: Partial<RegisterRequest> = {}): RegisterRequest => ({
  stamp,
  token,
  instanceId,
  agentVersion: '1',
  workloadVersion: '1',
  frontDoor: 'http://127.0.0.1:9',
  ...change,
});
const beat = (instanceId: string, epoch: number, sequence: number): Heartbeat => ({
  stamp,
  instanceId,
  epoch,
  sequence,
  atMs: 0,
  load: { cpuPercent: 1, memoryBytes: 1, requestsPerSecond: 0, inFlight: 0 },
  holding: { count: 0, asOf: 0 },
  workload: { healthy: true, version: '2' },
  agentVersion: '1',
});
const accepted = (reply: RegisterReply): Extract<RegisterReply, { ok: true }> => {
  if (!reply.ok) throw new Error(reply.code);
  return reply;
};
const hold = async (tenant: string, epoch: number, holder: string | null): Promise<void> => {
  await inTransaction(region.dataSource, async (tx) => {
    await recordTenantRoute(tx, { kind: 'tenant', tenant, region: region.name, status: 'placed', stamp: holder, epoch, hosts: [] }, holder);
  });
};
const stampRow = async (): Promise<{ health: string; epoch: number }> => {
  const [row]: { health: string; epoch: number }[] = await region.dataSource.query('SELECT health, epoch FROM stamp');
  return row!;
};

beforeEach(async () => {
  region = await openTestRegion();
  stamp = `${region.name}-1`;
  tools = { ...region, region: region.name, heartbeatMs: 1_000, resyncMs: 15_000, apiUrl: 'http://api.test:8080' };
  await region.dataSource.query(
    `INSERT INTO stamp (name, region, status, ring, profile, isolation, driver, capacity_units, spec, agent_token_sha256)
     VALUES ($1, $2, 'active', 'broad', 's', 'pooled', 'local', 10, '{}', $3)`,
    [stamp, region.name, createHash('sha256').update(token).digest('hex')],
  );
});
afterEach(async () => region.close());

describe('registering', () => {
  it('gives each new process a higher epoch, and the same process the same (P-HB3)', async () => {
    const [first, second] = [newId(), newId()];
    expect(accepted(await answerRegister(tools, requestOf(first))).epoch).toBe(1);
    expect(accepted(await answerRegister(tools, requestOf(first))).epoch).toBe(1);
    expect(accepted(await answerRegister(tools, requestOf(second))).epoch).toBe(2);
    expect(accepted(await answerRegister(tools, requestOf(first))).epoch).toBe(3);
  });

  it('refuses a wrong token and an unknown stamp, and changes nothing', async () => {
    expect(await answerRegister(tools, requestOf(newId(), { token: 'another secret, as long' }))).toMatchObject({
      ok: false,
      code: 'unauthenticated',
    });
    expect(await answerRegister(tools, requestOf(newId(), { stamp: `${region.name}-7` }))).toMatchObject({ ok: false, code: 'not_found' });
    expect((await stampRow()).epoch).toBe(0);
  });

  it('fences an older process: no sync, no heartbeat (P-HB3)', async () => {
    const [old, present] = [newId(), newId()];
    await answerRegister(tools, requestOf(old));
    await answerRegister(tools, requestOf(present));
    expect(await answerSync(tools, { stamp, instanceId: old, epoch: 1 })).toMatchObject({ ok: false, code: 'fenced' });
    expect(await answerSync(tools, { stamp, instanceId: present, epoch: 2 })).toMatchObject({ ok: true });
    const book = new HeartbeatBook();
    book.take(beat(old, 1, 5));
    expect(await book.flush(region.dataSource)).toEqual({ written: [], refused: new Map([[stamp, 1]]), outdated: new Map([[stamp, 2]]) });
    book.take(beat(present, 2, 1));
    book.take(beat(old, 1, 6));
    expect(await book.flush(region.dataSource)).toEqual({
      written: [stamp],
      refused: new Map([[stamp, 1]]),
      outdated: new Map([[stamp, 2]]),
    });
    book.take(beat(present, 2, 2));
    expect(await book.flush(region.dataSource)).toEqual({ written: [stamp], refused: new Map(), outdated: new Map() });
  });

  it('of two processes at once leaves one that is not fenced', async () => {
    const ids = Array.from({ length: 6 }, () => newId());
    const replies = await Promise.all(ids.map(async (id) => accepted(await answerRegister(tools, requestOf(id)))));
    expect(new Set(replies.map((r) => r.epoch)).size).toBe(6);
    const synced = await Promise.all(ids.map(async (instanceId, i) => answerSync(tools, { stamp, instanceId, epoch: replies[i]!.epoch })));
    expect(synced.filter((s) => s.ok)).toHaveLength(1);
  });
});

describe('holdings', () => {
  it('are all tenants of the stamp as of a cursor, also one whose entry is just changing', async () => {
    for (const t of ['a', 'b', 'c']) await hold(t, 1, stamp);
    await hold('elsewhere', 1, `${region.name}-2`);
    await numberDirectory(region.dataSource);
    await hold('b', 2, stamp); // no cursor yet
    await hold('c', 1, null);
    const { holdings } = accepted(await answerRegister(tools, requestOf(newId())));
    expect(holdings.holdings.map((h) => [h.tenant, h.epoch]).sort()).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(holdings.holdings.every((h) => h.cursor <= holdings.asOf)).toBe(true);
    const numbered = await numberDirectory(region.dataSource);
    expect(numbered.every((n) => n.cursor > holdings.asOf)).toBe(true);
  });
});

describe('the monitor', () => {
  const monitorOf = (listeningMs: () => number, intervalMs = 1_000): StampMonitor =>
    new StampMonitor({
      ...region,
      region: region.name,
      metrics: createMetrics(healthMetrics, { processMetrics: false }),
      intervalMs,
      listeningMs,
    });
  const silentFor = async (seconds: number): Promise<void> => {
    await region.dataSource.query('UPDATE stamp_observation SET last_heartbeat_at = now() - make_interval(secs => $1)', [seconds]);
  };

  it('tells of each change once, by an event, and of none otherwise (I5)', async () => {
    await answerRegister(tools, requestOf(newId()));
    await region.dataSource.query('DELETE FROM outbox');
    const monitor = monitorOf(() => 600_000);
    expect([await monitor.look(), await monitor.look()]).toEqual([1, 0]);
    await silentFor(5);
    expect([await monitor.look(), await monitor.look()]).toEqual([1, 0]);
    await silentFor(60);
    expect(await monitor.look()).toBe(1);
    const events: { health: string }[] = await region.dataSource.query(
      `SELECT data->'stamp'->>'health' AS health FROM outbox ORDER BY position`,
    );
    expect(events.map((e) => e.health)).toEqual(['healthy', 'suspected', 'dead']);
  });

  it('sees the silence of a stamp that was last heard before the clock was set back', async () => {
    await answerRegister(tools, requestOf(newId()));
    await silentFor(-3_600);
    const monitor = monitorOf(() => 600_000, 1);
    await monitor.look();
    expect((await stampRow()).health).toBe('healthy');
    await waitFor('the silence to be seen', async () => ((await monitor.look()) > 0 ? true : undefined), { timeoutMs: 60_000 });
    expect((await stampRow()).health).not.toBe('healthy');
  });

  it('that has just started kills nobody and clears nobody (P-HB4)', async () => {
    await answerRegister(tools, requestOf(newId()));
    await monitorOf(() => 600_000).look();
    await silentFor(120);
    expect(await monitorOf(() => 1_000).look()).toBe(0);
    expect((await stampRow()).health).toBe('healthy');
    await monitorOf(() => 600_000).look();
    expect((await stampRow()).health).toBe('dead');
    expect(await monitorOf(() => 1_000).look()).toBe(0);
    expect((await stampRow()).health).toBe('dead');
  });

  it('does not call a stamp healthy whose workload does not answer, and says what is amiss', async () => {
    const instanceId = newId();
    const { epoch } = accepted(await answerRegister(tools, requestOf(instanceId)));
    const monitor = monitorOf(() => 600_000);
    const book = new HeartbeatBook();
    const beats = async (sequence: number, healthy: boolean, forSeconds = 0): Promise<void> => {
      book.take({ ...beat(instanceId, epoch, sequence), workload: { healthy, version: '2' } });
      await book.flush(region.dataSource);
      await region.dataSource.query(
        'UPDATE stamp_observation SET workload_silent_since = workload_silent_since - make_interval(secs => $1)',
        [forSeconds],
      );
    };
    const shown = async (): Promise<(string | null | undefined)[]> => {
      const view = stampViewOf((await findStamp(region.dataSource, stamp))!);
      return [view.health, view.healthReason];
    };
    const start = Date.now();
    await beats(1, true);
    await monitor.look(start);
    await beats(2, false);
    await monitor.look(start + 1_000);
    expect(await shown()).toEqual(['healthy', null]); // one answer that is late is nothing yet
    await beats(3, false, 5);
    await monitor.look(start + 5_000);
    expect(await shown()).toEqual(['suspected', 'its workload does not answer']);
    await beats(4, true);
    expect(await monitor.look(start + 6_000)).toBe(0); // damped (P-HB5)
    expect(await monitor.look(start + 20_000)).toBe(1);
    expect(await shown()).toEqual(['healthy', null]);
  });

  it('lets a stamp that is back take tenants again', async () => {
    await answerRegister(tools, requestOf(newId()));
    const monitor = monitorOf(() => 600_000);
    await silentFor(60);
    const start = Date.now();
    await monitor.look(start);
    await silentFor(0);
    expect(await monitor.look(start + 100)).toBe(0); // damped (P-HB5)
    expect(await monitor.look(start + 10_000)).toBe(1);
    expect((await stampRow()).health).toBe('healthy');
  });
});

describe('a token for the workload', () => {
  const ask = async (instanceId: string, epoch: number, withToken = token) =>
    answerCredentials(tools, { stamp, instanceId, epoch, token: withToken });
  const identify = async (secret: string) => new Authenticator(region.dataSource).identify({ via: 'bearer', secret });

  it('is given to the stamp’s present process alone, and is good for that stamp’s documents alone', async () => {
    const [first, second] = [newId(), newId()];
    const { epoch } = accepted(await answerRegister(tools, requestOf(first)));
    const issued = await ask(first, epoch);
    if (!issued.ok) throw new Error(issued.code);
    expect(issued.url).toBe('http://api.test:8080');
    expect(await identify(issued.token)).toEqual({ actor: `workload:${stamp}`, bindings: [], via: 'bearer', stamp });
    expect(await ask(first, epoch, 'another token of length')).toMatchObject({ ok: false, code: 'unauthenticated' });
    expect(await ask(second, epoch)).toMatchObject({ ok: false, code: 'fenced' });
    accepted(await answerRegister(tools, requestOf(second)));
    expect(await ask(first, epoch)).toMatchObject({ ok: false, code: 'fenced' });
    expect(await ask(second, epoch + 1)).toMatchObject({ ok: true });
    expect(await answerCredentials({ ...tools, apiUrl: null }, { stamp, instanceId: second, epoch: epoch + 1, token })).toMatchObject({
      ok: false,
      code: 'not_ready',
    });
  });

  it('cannot be asked for, and nobody is told to stop, where what proves an agent is not known since a restore (I4)', async () => {
    const serving = newId();
    const { epoch } = accepted(await answerRegister(tools, requestOf(serving)));
    const held = await region.dataSource.query('SELECT agent_token_sha256 AS digest FROM stamp WHERE name = $1', [stamp]);
    await region.dataSource.query('DELETE FROM stamp_observation WHERE stamp = $1', [stamp]);
    await region.dataSource.query('UPDATE stamp SET agent_token_sha256 = NULL WHERE name = $1', [stamp]);
    const asked = { stamp, instanceId: serving, epoch };
    expect([await answerSync(tools, asked), await ask(serving, epoch)]).toMatchObject([{ code: 'not_ready' }, { code: 'not_ready' }]);
    await region.dataSource.query('UPDATE stamp SET agent_token_sha256 = $2 WHERE name = $1', [stamp, held[0].digest]);
    expect(await answerSync(tools, asked)).toMatchObject({ code: 'fenced' });
  });

  it('is no reason to stop serving for a process that a restored database does not know (I4)', async () => {
    const [known, since] = [newId(), newId()];
    const { epoch } = accepted(await answerRegister(tools, requestOf(known)));
    await region.dataSource.query(`UPDATE recovery SET state = 'reconciling'`);
    expect(await ask(since, epoch + 1)).toMatchObject({ ok: false, code: 'not_ready' });
    expect(await ask(known, epoch)).toMatchObject({ ok: true });
    await region.dataSource.query(`UPDATE recovery SET state = 'sound'`);
    expect(await ask(since, epoch + 1)).toMatchObject({ ok: false, code: 'fenced' });
  });

  it('is followed by the next one, ends soon after that, and is worth nothing once the stamp is retired (I9, I10)', async () => {
    const instance = newId();
    const { epoch } = accepted(await answerRegister(tools, requestOf(instance)));
    const [old, next] = [await ask(instance, epoch), await ask(instance, epoch)];
    if (!old.ok || !next.ok) throw new Error('no token');
    const [left] = await rowsOf<{ seconds: number }>(
      region.dataSource,
      `SELECT extract(epoch FROM min(expires_at) - now())::int AS seconds FROM api_token WHERE stamp = $1`,
      [stamp],
    );
    expect(left!.seconds).toBeGreaterThan(60);
    expect(left!.seconds).toBeLessThanOrEqual(120);
    expect(await identify(old.token)).not.toBeNull();
    await region.dataSource.query(`UPDATE api_token SET expires_at = now() WHERE expires_at < now() + interval '10 minutes'`);
    expect([await identify(old.token), (await identify(next.token))?.stamp]).toEqual([null, stamp]);
    await region.dataSource.query(`UPDATE stamp SET status = 'retiring'`);
    await inTransaction(region.dataSource, async (tx) => buryStamp(tx, systemContext(region.name, 'test', newId()), region.clock, stamp));
    expect(await identify(next.token)).toBeNull();
    const audited = await rowsOf<{ action: string }>(region.dataSource, `SELECT action FROM audit WHERE action LIKE 'token.%' ORDER BY id`);
    expect(audited.map((a) => a.action)).toEqual(['token.issued', 'token.issued', 'token.revoked', 'token.revoked']);
    expect(JSON.stringify(await region.dataSource.query('SELECT * FROM audit'))).not.toContain(next.token);
  });
});
