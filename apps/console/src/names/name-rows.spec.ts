import { aTenant } from '@lapidary/testing/fleet-fixtures';
import { inDns, nameRows, ownHosts, selectNames } from './name-rows.js';

const eu = aTenant({ id: 'acme', region: 'eu', hosts: ['acme.example.net', 'shop.example.com'] });
const us = aTenant({ id: 'bolt', region: 'us', hosts: ['bolt.example.net'], lostHosts: ['shop.example.com'] });
const gone = aTenant({ id: 'gone', status: 'deleted', hosts: ['gone.example.net'] });

test('a name that two regions gave out stands with both tenants and leads to the one that has it; deleted tenants have none', () => {
  expect(nameRows([us, gone, eu]).map(({ host, kind, tenant, leadsTo }) => [host, kind, tenant.id, leadsTo])).toEqual([
    ['acme.example.net', 'default', 'acme', 'acme'],
    ['bolt.example.net', 'default', 'bolt', 'bolt'],
    ['shop.example.com', 'given', 'acme', 'acme'],
    ['shop.example.com', 'lost', 'bolt', 'acme'],
  ]);
});

test('a lost name whose winner is not known leads to nobody that could be said, and words find names and tenants', () => {
  expect(nameRows([us]).at(-1)).toMatchObject({ kind: 'lost', leadsTo: null });
  expect(selectNames(nameRows([us, eu]), { q: 'SHOP bolt' })).toHaveLength(1);
  expect(selectNames(nameRows([us, eu]), { kind: 'lost' })).toHaveLength(1);
});

test('an update keeps the names that were lost, and never sends the default one', () => {
  expect(ownHosts(us)).toEqual(['shop.example.com']);
  expect(ownHosts(eu)).toEqual(['shop.example.com']);
});

test.each([
  ['Bücher.example', 'xn--bcher-kva.example'],
  [' Shop.Example.com. ', 'shop.example.com'],
  ['http://shop.example.com/x', 'http://shop.example.com/x'],
  ['shop.example.com:443', 'shop.example.com:443'],
])('%s is %s in DNS', (typed, expected) => {
  expect(inDns(typed)).toBe(expected);
});
