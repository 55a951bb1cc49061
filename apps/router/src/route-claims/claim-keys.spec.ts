import { newTestKey, type TestKey } from '@lapidary/stamp-sdk/route-claim/claim.fixture';
import { ClaimVerifier } from '@lapidary/stamp-sdk/route-claim/claim-verifier';
import { ClaimIssuer } from './claim-issuer.js';
import { parseClaimKeys } from './claim-keys.js';

let one: TestKey;
let two: TestKey;
beforeAll(async () => {
  [one, two] = await Promise.all([newTestKey('one'), newTestKey('two')]);
});
const file = (...keys: unknown[]): string => JSON.stringify({ keys });
const subject = { tenant: 'acme', stamp: 'eu-1', epoch: 3, url: 'https://eu-1.example.net', host: 'acme.lapidary.test' };

describe('the keys of claims', () => {
  it('are published without their private parts, all of them, and the first signs', async () => {
    const keys = await parseClaimKeys(file(one.privateJwk, two.publicJwk));
    expect(keys.kid).toBe('one');
    expect(JSON.stringify(keys.publicSet)).not.toContain(one.privateJwk.d);
    expect(keys.publicSet.keys.map(({ kid }) => kid)).toEqual(['one', 'two']);
  });

  it.each<[string, () => string, string]>([
    ['no JSON', () => 'rubbish', 'is not JSON'],
    ['no keys', () => file(), 'no set of'],
    ['keys of another kind', () => file({ kty: 'RSA', kid: 'x', n: 'a', e: 'b' }), 'no set of'],
    ['one id twice', () => file(one.privateJwk, { ...two.privateJwk, kid: 'one' }), 'two keys have one id'],
    ['a first key that can’t sign', () => file(one.publicJwk, two.privateJwk), 'no private part'],
    ['a key of rubbish', () => file({ ...one.privateJwk, d: 'AAAA' }), 'can’t be read'],
  ])('with %s are refused in words that don’t tell a secret', async (_, text, words) => {
    await expect(parseClaimKeys(text())).rejects.toThrow(words);
  });
});

describe('claims', () => {
  it('are believed by the stamp they are for, and by no other', async () => {
    const keys = await parseClaimKeys(file(one.privateJwk));
    const { claim, lifetimeMs } = await new ClaimIssuer(() => keys, 60_000).issue(subject);
    expect(lifetimeMs).toBeGreaterThan(58_000);
    const held = { current: keys.publicSet, refresh: () => Promise.resolve() };
    expect(await new ClaimVerifier(held, 'eu-1').verify(claim)).toMatchObject({
      ok: true,
      claim: { sub: 'acme', epoch: 3, host: 'acme.lapidary.test' },
    });
    expect(await new ClaimVerifier(held, 'eu-2').verify(claim)).toEqual({ ok: false, reason: 'claim_of_other_stamp' });
  });

  it('are given out again while most of their life is left, and not after a move, a new door or new keys', async () => {
    let keys = await parseClaimKeys(file(one.privateJwk, two.publicJwk));
    let nowMs = 1_700_000_000_000;
    const issuer = new ClaimIssuer(
      () => keys,
      60_000,
      () => nowMs,
    );
    const first = await issuer.issue(subject);
    nowMs += 14_000;
    expect(await issuer.issue(subject)).toEqual({ claim: first.claim, lifetimeMs: 46_000 });
    const others = await Promise.all([
      issuer.issue({ ...subject, epoch: 4 }),
      issuer.issue({ ...subject, url: 'https://other.example.net' }),
    ]);
    keys = await parseClaimKeys(file(two.privateJwk, one.publicJwk));
    const rotated = await issuer.issue(subject);
    nowMs += 2_000;
    const later = await issuer.issue(subject);
    expect(new Set([first, ...others, rotated, later].map(({ claim }) => claim)).size).toBe(4);
    nowMs += 20_000;
    expect((await issuer.issue(subject)).lifetimeMs).toBe(60_000);
  });
});
