import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorefrontConfigSchema } from '@lapidary/config/storefront';
import { createLogger } from '@lapidary/telemetry/logger';
import fc from 'fast-check';
import { Faults } from './faults.js';

const directory = mkdtempSync(join(tmpdir(), 'lapidary-faults-'));
const file = join(directory, 'faults.json');
let nowMs = 1_000_000;
const write = (content: unknown): void => {
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  // Two writes within the file system's resolution must differ.
  utimesSync(file, (nowMs += 1_000) / 1_000, nowMs / 1_000);
};
const faults = (version: string, stamp = 'eu-1'): Faults => new Faults(file, version, stamp, createLogger('test', 'silent'));
const errorsOf = (f: Faults, requests: number): number => {
  nowMs += 1_000;
  return Array.from({ length: requests }, () => f.next(nowMs)).filter((n) => n.isError).length;
};
beforeEach(() => rmSync(file, { force: true }));
afterAll(() => rmSync(directory, { recursive: true }));

test('without the variable there is nothing that could inject a fault', () => {
  const config = StorefrontConfigSchema.parse({ LAPIDARY_STAMP: 'eu-1', LAPIDARY_HTTP_PORT: '0', LAPIDARY_DATABASE_URL: 'postgres://x' });
  expect(config.LAPIDARY_FAULTS_FILE).toBeUndefined();
});

test('a fault belongs to a version and to stamps; it comes and goes with the file', () => {
  const [bad, good, elsewhere] = [faults('2.0.0'), faults('1.0.0'), faults('2.0.0', 'eu-2')];
  expect(errorsOf(bad, 100)).toBe(0);
  write([{ version: '2.0.0', stamps: ['eu-1'], errorShare: 0.3, addedLatencyMs: 50 }]);
  expect([errorsOf(bad, 100), errorsOf(good, 100), errorsOf(elsewhere, 100)]).toEqual([30, 0, 0]);
  expect(bad.next(nowMs).addedLatencyMs).toBe(50);
  write([{ version: '*', errorShare: 1 }]);
  expect([errorsOf(bad, 10), errorsOf(good, 10)]).toEqual([10, 10]);
  rmSync(file);
  expect([errorsOf(bad, 10), errorsOf(good, 10)]).toEqual([0, 0]);
});

test('rubbish in the file changes nothing', () => {
  const bad = faults('2.0.0');
  write([{ version: '2.0.0', errorShare: 0.5 }]);
  expect(errorsOf(bad, 10)).toBe(5);
  for (const rubbish of ['{', '[{"version":"2.0.0","errorShare":7}]', 'null']) {
    write(rubbish);
    expect(errorsOf(bad, 10)).toBe(5);
  }
});

test('any share is met to within one request', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 500 }), (errorShare, requests) => {
      write([{ version: '*', errorShare }]);
      expect(Math.abs(errorsOf(faults('1'), requests) - errorShare * requests)).toBeLessThanOrEqual(1);
    }),
    { numRuns: 30 },
  );
});
