import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { OwnRegionKeysSchema, PeerKeysSchema } from '@lapidary/contracts/signing-keys';
import { RegionKeys } from '@lapidary/messaging/region-keys';
import { addRegionKey, ensureRegionKeys, ownKeysFile, peerKeysFile, signWithNewest, withdrawOthers } from './region-keys.js';

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

it('a key is known first, then it signs, then the one before it is known no more', () => {
  const now = new Date('2026-11-27T12:00:00Z');
  const ids = (): string[] => {
    const kids = own('eu').keys.map(({ kid }) => kid);
    expect(told()['eu']!.keys.map(({ kid }) => kid)).toEqual(kids);
    return kids;
  };
  addRegionKey(folder, 'eu', now);
  addRegionKey(folder, 'eu', now);
  expect(ids()).toEqual(['eu-20261127', 'eu-20261127-2']);
  signWithNewest(folder, 'eu');
  expect(ids()).toEqual(['eu-20261127-2', 'eu-20261127']);
  withdrawOthers(folder, 'eu');
  expect(ids()).toEqual(['eu-20261127-2']);
  for (let i = 0; i < 3; i += 1) addRegionKey(folder, 'eu', now);
  const full = ids();
  expect(full).toHaveLength(4);
  expect(() => addRegionKey(folder, 'eu', now)).toThrow('withdraw some first');
  expect(ids()).toEqual(full);
});

it('a step for a region that has no key says so, and writes nothing', () => {
  for (const step of [signWithNewest, withdrawOthers]) expect(() => step(folder, 'eu')).toThrow('has no key');
  expect(readdirSync(folder)).toEqual([]);
});
