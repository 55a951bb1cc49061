import type { DirectoryEntry } from '@lapidary/contracts/directory';
import { DirectoryTable } from './directory-table.js';
import { Directory } from './directory.js';
import { PackedReader } from './packed/packed-reader.js';

const tenant = (name: string, cursor: number, hosts: string[] = []): DirectoryEntry => ({
  key: `tenant/${name}`,
  cursor,
  committedAtMs: 0,
  body: { kind: 'tenant', tenant: name, region: 'eu', status: 'placed', stamp: 'eu-1', epoch: cursor, hosts },
});
const acme = (cursor: number): DirectoryEntry => tenant('acme', cursor);
const stamp = (cursor: number): DirectoryEntry => ({
  key: 'stamp/eu-1',
  cursor,
  committedAtMs: 0,
  body: { kind: 'stamp', stamp: 'eu-1', region: 'eu', status: 'active', epoch: cursor, frontDoors: [] },
});

describe('the version of the directory', () => {
  it('grows with every change and every whole table, and with nothing else', () => {
    const directory = new Directory({ nowMs: () => 0 });
    const versions = [directory.version];
    const then = (act: () => unknown): void => {
      act();
      versions.push(directory.version);
    };
    then(() => directory.apply(acme(1)));
    then(() => directory.swap(new DirectoryTable('g'), 'live', 0));
    then(() => directory.apply(acme(2)));
    then(() => directory.apply(acme(2)));
    then(() => directory.apply(acme(1)));
    then(() => directory.follow());
    then(() => directory.unfollow());
    then(() => directory.swap(new DirectoryTable('h'), 'live', 0));
    expect(versions).toEqual([0, 0, 1, 2, 2, 2, 2, 2, 3]);
  });
});

describe('a copy from disk', () => {
  it('may lack what is newer until it is followed, or nobody comes with more; a whole table never does', () => {
    const directory = new Directory({ nowMs: () => 0 });
    const said: boolean[] = [];
    const then = (act: () => unknown): void => {
      act();
      // Another thread reads it from the same memory.
      said.push(directory.mayLack, directory.current ? new PackedReader(directory.current.memory).mayLack : false);
    };
    then(() => undefined);
    then(() => directory.swap(new DirectoryTable('g'), 'disk', 0));
    then(() => directory.apply(acme(1)));
    then(() => directory.follow());
    then(() => directory.unfollow());
    then(() => directory.swap(new DirectoryTable('g'), 'disk', 0));
    then(() => directory.settle());
    then(() => directory.swap(new DirectoryTable('h'), 'disk', 0));
    then(() => directory.swap(new DirectoryTable('i'), 'live', 0));
    expect(said.filter((_, i) => i % 2 === 0)).toEqual([false, true, true, false, false, true, false, true, false]);
    expect(said.filter((_, i) => i % 2 === 1)).toEqual(said.filter((_, i) => i % 2 === 0));
  });
});

describe('the version of one tenant’s place', () => {
  const names = Array.from({ length: 200 }, (_, i) => `t${i}`);
  const loaded = (): Directory => {
    const directory = new Directory({ nowMs: () => 0 });
    directory.swap(new DirectoryTable('g'), 'live', 0);
    names.forEach((name, i) => directory.apply(tenant(name, i + 1)));
    return directory;
  };
  const versionsOf = (directory: Directory): number[] => names.map((name) => directory.versionAt(directory.placeOf(name)));

  it('changes with each change of the tenant, and for few others', () => {
    const directory = loaded();
    for (let i = 0; i < names.length; i += 1) {
      const before = versionsOf(directory);
      directory.apply(tenant(names[i]!, 1_000 + i));
      const after = versionsOf(directory);
      expect(after[i]).not.toBe(before[i]);
      expect(after.filter((version, at) => version !== before[at]).length).toBeLessThan(10);
    }
  });

  it('stands still where nothing was news', () => {
    const directory = loaded();
    const before = versionsOf(directory);
    directory.apply(tenant('t5', 6));
    directory.follow();
    expect(versionsOf(directory)).toEqual(before);
  });

  it('changes for all with a stamp, and with a host, which may have been another tenant’s', () => {
    const directory = loaded();
    for (const entry of [stamp(1_001), tenant('t1', 1_002, ['shop.example']), tenant('t2', 1_003, ['shop.example']), tenant('t1', 1_004)]) {
      const before = versionsOf(directory);
      directory.apply(entry);
      versionsOf(directory).forEach((version, i) => expect(version).not.toBe(before[i]));
    }
    expect(directory.tenantOfHost('shop.example')).toBe('t2');
  });

  it('is in another table none that any place had before, whatever was loaded into it meanwhile', () => {
    const directory = loaded();
    const seen = new Set(versionsOf(directory));
    for (const generation of ['h', 'i', 'j']) {
      const table = new DirectoryTable(generation);
      for (let cursor = 1; cursor <= 500; cursor += 1) table.apply(tenant(names[cursor % 3]!, cursor));
      directory.swap(table, 'live', 0);
      for (const version of versionsOf(directory)) expect(seen.has(version)).toBe(false);
      directory.apply(tenant('t1', 1_000));
      for (const version of versionsOf(directory)) seen.add(version);
    }
  });
});
