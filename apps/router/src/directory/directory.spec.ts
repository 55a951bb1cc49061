import type { DirectoryEntry } from '@lapidary/contracts/directory';
import { DirectoryTable } from './directory-table.js';
import { Directory } from './directory.js';

const acme = (cursor: number): DirectoryEntry => ({
  key: 'tenant/acme',
  cursor,
  committedAtMs: 0,
  body: { kind: 'tenant', tenant: 'acme', region: 'eu', status: 'placed', stamp: 'eu-1', epoch: cursor, hosts: [] },
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
