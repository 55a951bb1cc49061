import { geoStream } from '@lapidary/contracts/subjects';
import { rowsOf } from '@lapidary/db/rows';
import { waitFor } from '@lapidary/kernel/wait-for';
import { deleteStream } from '@lapidary/messaging/streams';
import { freshRegion } from '@lapidary/testing/backends';
import pg from 'pg';
import { servePeers } from '../outbox/serve-peers.js';
import { numberOutbox } from '../outbox/number-outbox.js';
import { openTestRegion, tellOfStamp, type TestRegion } from '../outbox/testing/test-region.js';
import { readPosition } from './peer-position.js';
import { startOwnPostgres, type OwnPostgres } from './testing/own-postgres.js';
import { oneTo, pullerOf } from './testing/two-regions.js';

/** A server that recovers on a machine under load. */
const healsMs = 180_000;
const caseMs = 400_000;

/** `us` reads what `eu` tells, and its PostgreSQL has every fault there is: what it says it has taken in is there (I5). */
describe('the database of a region that takes in what another one tells', () => {
  let postgres: OwnPostgres;
  let eu: TestRegion;
  let us: TestRegion;
  let told = 0;
  const applied: number[] = [];
  const ending = new AbortController();
  let running: Promise<void>;
  let stops: (() => void)[];

  beforeAll(async () => {
    postgres = await startOwnPostgres();
    const [a, b] = [freshRegion(), freshRegion()].sort() as [string, string];
    eu = await openTestRegion({ name: a, peers: [b] });
    us = await openTestRegion({ name: b, peers: [a], database: { url: postgres.url, drop: async () => Promise.resolve() } });
    stops = servePeers(eu.nats, eu.dataSource, eu.name, [us.name], () => undefined);
    const puller = pullerOf(us, eu, (events) => applied.push(...events.map((e) => e.originsequence)));
    running = puller.lead(ending.signal);
  }, caseMs);
  afterAll(async () => {
    ending.abort();
    await running;
    for (const stop of stops ?? []) stop();
    await deleteStream(eu.nats, geoStream(eu.name)).catch(() => undefined);
    await Promise.all([eu.close(), us.close()]);
    await postgres.stop();
  }, caseMs);

  const tell = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 1) await tellOfStamp(eu, (told += 1), told);
    while ((await numberOutbox(eu.dataSource)) > 0);
  };
  /** On a connection of its own: what the server says, and not what some pool believes. */
  const ask = async <T>(sql: string): Promise<T[]> => {
    const client = new pg.Client({ connectionString: postgres.url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(sql)).rows as T[];
    } finally {
      await client.end();
    }
  };
  /** As of one moment: how far it says that it has come, and what it has. */
  const standing = async () =>
    (
      await ask<{ sequence: string; inbox: string; stamps: string; letters: string }>(
        `SELECT coalesce((SELECT sequence FROM version_vector WHERE origin = '${eu.name}'), 0) AS sequence, (SELECT count(*) FROM inbox) AS inbox,
                (SELECT count(*) FROM stamp WHERE region = '${eu.name}') AS stamps, (SELECT count(*) FROM dead_letter) AS letters`,
      )
    )[0]!;
  const isTrue = async (): Promise<void> => {
    const { sequence, inbox, stamps, letters } = await standing();
    // One event for each stamp, and nothing taken for poison that is the database's fault.
    expect([inbox, stamps, letters]).toEqual([sequence, sequence, '0']);
  };
  const hasAll = async (): Promise<void> => {
    await waitFor(
      `event ${told}`,
      async () => ((await readPosition(us.dataSource, eu.name).catch(() => null))?.sequence === told ? true : undefined),
      { timeoutMs: healsMs },
    );
    await isTrue();
    // What is told of as applied was so once each, whatever its transaction met.
    expect(applied).toEqual(oneTo(told));
    const acknowledged = await rowsOf<{ sequence: string }>(eu.dataSource, 'SELECT sequence FROM peer_ack WHERE peer = $1', [us.name]);
    expect(Number(acknowledged[0]?.sequence ?? 0)).toBeLessThanOrEqual(told);
  };

  it(
    'is killed again and again while it takes in: all is there once, and its position is that of what is stored',
    async () => {
      await tell(50);
      await hasAll();
      for (let i = 0; i < 3; i += 1) {
        await tell(200);
        await postgres.kill();
        await isTrue();
      }
      await hasAll();
    },
    caseMs,
  );

  it(
    'has no room left: nothing is taken for poison, nothing is said to be there that is not, and all comes once there is room',
    async () => {
      const { sequence } = await standing();
      await postgres.fill();
      await tell(2_000);
      await waitFor('PostgreSQL to refuse', async () => (/No space left on device/.test(await postgres.log()) ? true : undefined), {
        timeoutMs: healsMs,
      });
      const stopped = await standing().catch(() => null);
      if (stopped) expect(Number(stopped.sequence)).toBeLessThan(told);
      expect(told).toBeGreaterThan(Number(sequence));
      await postgres.free();
      await hasAll();
    },
    caseMs,
  );

  it(
    'lets nobody write one of its tables for longer than statements wait: they are tried again, and nothing is parked',
    async () => {
      const holder = new pg.Client({ connectionString: postgres.url });
      await holder.connect();
      await holder.query('BEGIN; LOCK TABLE stamp IN EXCLUSIVE MODE');
      await tell(20);
      await waitFor('a statement that waited too long', async () => (/lock timeout/.test(await postgres.log()) ? true : undefined), {
        timeoutMs: healsMs,
      });
      await isTrue();
      await holder.query('COMMIT');
      await holder.end();
      await hasAll();
    },
    caseMs,
  );
});
