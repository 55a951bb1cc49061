import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { OwnRegionKeysSchema, PeerKeysSchema } from '@lapidary/contracts/signing-keys';
import { RegionKeys } from '@lapidary/messaging/region-keys';
import { addRegionKey, ensureRegionKeys, ownKeysFile, peerKeysFile } from './region-keys.js';

let folder = '';
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'lapidary-keys-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const own = (region: string) => OwnRegionKeysSchema.parse(JSON.parse(readFileSync(ownKeysFile(folder, region), 'utf8')));
const told = () => PeerKeysSchema.parse(JSON.parse(readFileSync(peerKeysFile(folder), 'utf8')));

it('regions get keys that the others know them by, once; private parts are in their own file alone, for its owner', () => {
  ensureRegionKeys(folder, ['eu', 'us']);
  const before = own('eu');
  ensureRegionKeys(folder, ['eu', 'us', 'ap']);
  expect([own('eu'), Object.keys(told())]).toEqual([before, ['eu', 'us', 'ap']]);
  const signature = new RegionKeys('eu', own('eu')).sign(['x'], 'y');
  expect(new RegionKeys('us', own('us'), told()).faultOf('eu', ['x'], 'y', signature)).toBe(null);
  expect(statSync(ownKeysFile(folder, 'eu')).mode & 0o777).toBe(0o600);
  expect(readFileSync(peerKeysFile(folder), 'utf8')).not.toContain('"d"');
});

it('another key signs, and those before it are still known, up to four', () => {
  const now = new Date('2026-11-27T12:00:00Z');
  for (let i = 0; i < 5; i += 1) addRegionKey(folder, 'eu', now);
  expect(own('eu').keys.map(({ kid }) => kid)).toEqual(['eu-20261127-5', 'eu-20261127-4', 'eu-20261127-3', 'eu-20261127-2']);
  expect(told()['eu']!.keys.map(({ kid }) => kid)).toEqual(own('eu').keys.map(({ kid }) => kid));
});
