import { newRegionKey, RegionKeys } from './region-keys.js';

const [eu, next, us] = [newRegionKey('eu-1'), newRegionKey('eu-2'), newRegionKey('us-1')];
const said = ['events', 'geo.eu.events'];
const payload = Buffer.from('what is told');
const signer = new RegionKeys('eu', { keys: [eu.own] });
const reader = new RegionKeys('us', { keys: [us.own] }, { eu: { keys: [eu.told, next.told] } });

describe('what a region has signed', () => {
  const signature = signer.sign(said, payload)!;

  it('is believed, under any of the keys that are known of it', () => {
    expect(reader.faultOf('eu', said, payload, signature)).toBe(null);
    expect(reader.faultOf('eu', said, payload, new RegionKeys('eu', { keys: [next.own, eu.own] }).sign(said, payload))).toBe(null);
  });

  it.each<[string, string, () => string | undefined, (readonly string[])?, Buffer?]>([
    ['without a signature', 'unsigned', () => undefined],
    ['with an empty one', 'unsigned', () => ''],
    ['by another region', 'unknown_key', () => reader.sign(said, payload)],
    ['by another region under the name of its key', 'wrong_signature', () => `eu-1.${reader.sign(said, payload)!.split('.')[1]!}`],
    ['under another of its own keys', 'wrong_signature', () => `eu-2.${signature.split('.')[1]!}`],
    ['cut', 'wrong_signature', () => signature.slice(0, -3)],
    ['without a name', 'unknown_key', () => signature.split('.')[1]],
    ['of a megabyte', 'wrong_signature', () => `eu-1.${'A'.repeat(1 << 20)}`],
    ['of a payload that was cut', 'wrong_signature', () => signature, said, payload.subarray(1)],
    ['of another subject', 'wrong_signature', () => signature, ['events', 'geo.us.events']],
    ['of another kind', 'wrong_signature', () => signature, ['answer', 'geo.eu.events']],
    ['of parts that run into each other', 'wrong_signature', () => signature, ['event', 'sgeo.eu.events']],
  ])('is not believed %s', (_, fault, forge, what = said, body = payload) => {
    expect(reader.faultOf('eu', what, body, forge())).toBe(fault);
  });
});

it('a region of which no key is known is believed unsigned, and one without keys signs nothing', () => {
  const none = new RegionKeys('us');
  expect([none.isSigning, none.isRequiredOf('eu'), none.sign(said, payload), none.faultOf('eu', said, payload, 'rubbish')]).toEqual([
    false,
    false,
    undefined,
    null,
  ]);
});

it('what another has published in its own name is known to be another’s', () => {
  const signature = signer.sign(said, payload);
  expect(signer.faultOf('eu', said, payload, signature)).toBe(null);
  expect(signer.faultOf('eu', said, payload, undefined)).toBe('unsigned');
});

it('a private part of another key is refused before anything is signed with it', () => {
  expect(() => new RegionKeys('eu', { keys: [{ ...eu.told, d: us.own.d }] })).toThrow('belongs to another');
});

it('a region’s own name among the peers’ keys changes nothing of whom it takes for itself', () => {
  const own = new RegionKeys('eu', { keys: [eu.own] }, { eu: { keys: [us.told] } });
  expect(own.faultOf('eu', said, payload, own.sign(said, payload))).toBe(null);
});
