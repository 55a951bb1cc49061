/**
 * What it costs to keep digests of documents, to find that nothing differs, and to find what does. A real PostgreSQL with a million
 * documents (LAPIDARY_BENCH_ROWS makes it fewer); the peer of a check is reading keys and digests of all rows, as somebody without
 * digests would have to.
 */
import { rowsOf } from '@lapidary/db/rows';
import { readDigest, readRoots, rebuildDigests } from '@lapidary/control-plane/digests/digest-rows';
import { decodeSketch } from '@lapidary/replication/digest/decode-sketch';
import { elementOf, type Element } from '@lapidary/replication/digest/element';
import { fleetRoot } from '@lapidary/replication/digest/fleet-root';
import { Sketch, symbolBytes } from '@lapidary/replication/digest/sketch';
import { withOwnDatabase, type OwnDatabase } from './own-database.ts';
import { report, type Measurement } from './report.ts';

const rows = Number(process.env['LAPIDARY_BENCH_ROWS'] ?? 1_000_000);
const changed = 100;
/** What one answer carries: 352 symbols. */
const symbols = 352;
const rounds = 9;
const writersPerRound = 4;
const writeRoundMs = 3_000;
/** A statement is ended after some seconds. */
const pageRows = 20_000;
const domain = { collection: 'bench', kind: 'lww' as const, audience: '' };
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const timed = async (work: () => unknown): Promise<number> => {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
};

const pure = (): Measurement[] => {
  const elementAt = (i: number, version: number): Element => elementOf('', `d${i}`, `v${version}`);
  const all = Array.from({ length: rows }, (_, i) => elementAt(i, 0));
  const sketch = new Sketch(symbols);
  const begun = performance.now();
  for (const e of all) sketch.add(e);
  const perSecond = (rows / (performance.now() - begun)) * 1000;
  const tries = 200;
  const decodeMs: number[] = [];
  for (let n = 1; n <= tries; n++) {
    const other = sketch.minus(new Sketch(symbols));
    const from = Math.floor(Math.random() * rows);
    for (let k = 0; k < changed; k++) {
      const i = (from + k * 7_919) % rows;
      other.remove(all[i]!);
      other.add(elementAt(i, n));
    }
    const start = performance.now();
    const found = decodeSketch(sketch.minus(other));
    if (found && found.onlyHere.length === changed && found.onlyThere.length === changed) decodeMs.push(performance.now() - start);
  }
  return [
    { subject: 'sketch', metric: `adding one of ${rows} elements to ${symbols} symbols`, unit: '/s', samples: [perSecond] },
    { subject: 'sketch', metric: `${changed} changed of ${rows}: answer`, unit: 'B', samples: [symbols * symbolBytes] },
    { subject: 'sketch', metric: `${changed} changed: found in one answer`, unit: '%', samples: [(decodeMs.length / tries) * 100] },
    { subject: 'sketch', metric: `${changed} changed: decode`, unit: 'ms', samples: decodeMs },
  ];
};

const fill = async (dataSource: OwnDatabase): Promise<void> => {
  await dataSource.query('ALTER TABLE document DISABLE TRIGGER USER');
  for (let from = 1; from <= rows; from += pageRows) {
    await dataSource.query(
      `INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest)
       SELECT 'bench', 'lww', '', 'd' || n, jsonb_build_object('kind', 'lww', 'fields', jsonb_build_object('n', n)), true,
              encode(sha256(convert_to(n::text, 'UTF8')), 'hex'), 100, 0, '' FROM generate_series($1::int, $2::int) AS n`,
      [from, Math.min(rows, from + pageRows - 1)],
    );
  }
  await dataSource.query('ALTER TABLE document ENABLE TRIGGER USER');
  await dataSource.query('ANALYZE document');
};

const checks = async (dataSource: OwnDatabase): Promise<Measurement[]> => {
  const peer = 'reading all keys';
  const rebuilt = await timed(() => rebuildDigests(dataSource, domain));
  const rootMs: number[] = [];
  const sketchMs: number[] = [];
  const dumpMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    rootMs.push(await timed(async () => fleetRoot(await readRoots(dataSource))));
    sketchMs.push(await timed(async () => (await readDigest(dataSource, domain)).sketch.toBytes(0, symbols)));
    if (round < 3)
      dumpMs.push(await timed(async () => rowsOf(dataSource, 'SELECT tenant, id, digest FROM document WHERE collection = $1', ['bench'])));
  }
  return [
    { subject: 'kept digest', metric: `nothing differs in ${rows} rows: own root`, unit: 'ms', samples: rootMs },
    { subject: 'kept digest', metric: 'own symbols', unit: 'ms', samples: sketchMs },
    { subject: 'kept digest', metric: 'made anew from the rows', unit: 'ms', samples: [rebuilt] },
    { subject: peer, metric: `nothing differs in ${rows} rows: own root`, unit: 'ms', samples: dumpMs },
  ].map((m) => (m.subject === 'kept digest' ? { ...m, peer } : m));
};

/** Transactions a second that change one row each, with and without the digest, in turns. */
const writes = async (dataSource: OwnDatabase): Promise<Measurement[]> => {
  const [kept, plain] = ['write with digest', 'write without'];
  const samples: Record<string, number[]> = { [kept]: [], [plain]: [] };
  for (let round = 0; round < 2 * 5; round++) {
    const subject = round % 2 === 0 ? kept : plain;
    await dataSource.query(`ALTER TABLE document ${subject === kept ? 'ENABLE' : 'DISABLE'} TRIGGER USER`);
    const untilMs = performance.now() + writeRoundMs;
    let done = 0;
    const write = async (): Promise<void> => {
      while (performance.now() < untilMs) {
        const n = 1 + Math.floor(Math.random() * rows);
        await dataSource.query(
          `UPDATE document SET digest = $2, updated_at = clock_timestamp() WHERE collection = 'bench' AND kind = 'lww' AND tenant = '' AND id = $1`,
          [`d${n}`, `v${round}-${n}`],
        );
        done++;
      }
    };
    await Promise.all(Array.from({ length: writersPerRound }, write));
    samples[subject]!.push((done * 1000) / writeRoundMs);
  }
  await dataSource.query('ALTER TABLE document ENABLE TRIGGER USER');
  return [
    { subject: kept, metric: `one row a transaction, ${writersPerRound} writers`, unit: 'tx/s', samples: samples[kept]!, peer: plain },
    { subject: plain, metric: `one row a transaction, ${writersPerRound} writers`, unit: 'tx/s', samples: samples[plain]! },
  ];
};

const measured = pure();
say('the sketch was measured');
await withOwnDatabase(async (dataSource) => {
  await fill(dataSource);
  say(`${rows} documents are in`);
  measured.push(...(await checks(dataSource)), ...(await writes(dataSource)));
});
report('digests', 'npm run bench:digests', measured);
