import { aTenant } from '@lapidary/testing/fleet-fixtures';
import { commandFor, selectTenants } from './select-tenants.js';

const tenants = [
  aTenant({ id: 'acme', labels: { plan: 'gold' } }),
  aTenant({ id: 'bank', status: 'pending', placement: null }),
  aTenant({ id: 'gone', status: 'deleted', placement: null }),
  aTenant({ id: 'far', region: 'us', placement: null }),
];
const ids = (filter: Partial<Parameters<typeof selectTenants>[1]>): string[] =>
  selectTenants(tenants, { q: '', status: undefined, region: undefined, ...filter }).map((t) => t.id);

test('deleted tenants are shown only when they are asked for', () => {
  expect(ids({})).toEqual(['acme', 'bank', 'far']);
  expect(ids({ status: 'deleted' })).toEqual(['gone']);
});

test('every word must occur, in id, stamp, host or label', () => {
  expect(ids({ q: 'plan=GOLD eu-1' })).toEqual(['acme']);
  expect(ids({ q: 'gold us' })).toEqual([]);
  expect(ids({ region: 'us' })).toEqual(['far']);
});

test('the command lists the same, and no text breaks out of it', () => {
  expect(commandFor({ q: '', status: 'pending', region: 'eu' })).toBe('stampctl tenants ls --region eu --status pending');
  expect(commandFor({ q: "a'; rm -rf", status: undefined, region: undefined })).toBe("stampctl tenants ls | grep -i 'a.; rm -rf'");
});
