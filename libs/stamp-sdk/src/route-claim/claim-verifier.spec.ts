import { SignJWT, type JSONWebKeySet } from 'jose';
import { newTestKey, type TestKey } from './claim.fixture.js';
import { ClaimVerifier, type RouteKeys } from './claim-verifier.js';

let one: TestKey;
let other: TestKey;
beforeAll(async () => {
  [one, other] = await Promise.all([newTestKey('one'), newTestKey('other')]);
});

class TestKeys implements RouteKeys {
  refreshes = 0;
  onRefresh: () => void = () => undefined;
  constructor(public current: JSONWebKeySet | null) {}
  refresh(): Promise<void> {
    this.refreshes += 1;
    this.onRefresh();
    return Promise.resolve();
  }
}
const keysOf = (...keys: TestKey[]): TestKeys => new TestKeys({ keys: keys.map(({ publicJwk }) => publicJwk) });
const nowSeconds = (): number => Math.floor(Date.now() / 1000);

describe('a claim (I4)', () => {
  it('of a key that is known, for this stamp, in time, is believed, the second time from memory', async () => {
    const verifier = new ClaimVerifier(keysOf(one), 'eu-1');
    const claim = await one.claim();
    for (let i = 0; i < 2; i += 1) {
      expect(await verifier.verify(claim)).toMatchObject({ ok: true, claim: { sub: 'acme', epoch: 3, stamp: 'eu-1' } });
    }
  });

  it.each<[string, (() => Promise<string>) | string, string]>([
    ['that has ended', () => one.claim({ iat: nowSeconds() - 120, exp: nowSeconds() - 60 }), 'claim_expired'],
    ['for another stamp', () => one.claim({ aud: 'lapidary-stamp:eu-2', stamp: 'eu-2' }), 'claim_of_other_stamp'],
    ['that says two stamps', () => one.claim({ stamp: 'eu-2' }), 'claim_invalid'],
    ['of another issuer', () => one.claim({ iss: 'somebody' }), 'claim_invalid'],
    ['without an end', () => one.claim({ exp: undefined }), 'claim_invalid'],
    ['without a tenant', () => one.claim({ sub: undefined }), 'claim_invalid'],
    ['with a tenant that is none', () => one.claim({ sub: '../acme' }), 'claim_invalid'],
    ['with epoch 0', () => one.claim({ epoch: 0 }), 'claim_invalid'],
    ['of another type, under our key', () => one.claim({}, { typ: 'JWT' }), 'claim_invalid'],
    ['under another key of that name', () => other.claim({}, { kid: 'one' }), 'claim_invalid'],
    ['under a key that nobody knows', () => other.claim(), 'claim_invalid'],
    ['that is rubbish', 'rubbish', 'claim_invalid'],
    ['that is far too long', 'x'.repeat(10_000), 'claim_invalid'],
    ['without a signature', () => Promise.resolve(`${btoa('{"alg":"none"}')}.${btoa('{"sub":"acme"}')}.`), 'claim_invalid'],
    [
      'signed by the public key as a secret (RFC 8725 §2.1)',
      () => new SignJWT({ sub: 'acme' }).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(Buffer.from(one.publicJwk.x!, 'base64url')),
      'claim_invalid',
    ],
  ])('%s is refused', async (_, make, reason) => {
    const token = typeof make === 'string' ? make : await make();
    expect(await new ClaimVerifier(keysOf(one), 'eu-1').verify(token)).toEqual({ ok: false, reason });
  });

  it('with one character changed is refused, though the true one is in memory', async () => {
    const verifier = new ClaimVerifier(keysOf(one), 'eu-1');
    const claim = await one.claim();
    await verifier.verify(claim);
    for (const at of [claim.length - 2, claim.indexOf('.') + 5]) {
      const forged = claim.slice(0, at) + (claim[at] === 'A' ? 'B' : 'A') + claim.slice(at + 1);
      expect(await verifier.verify(forged)).toMatchObject({ ok: false });
    }
  });
});

describe('a change of keys', () => {
  it('is noticed by the first claim under a new one', async () => {
    const keys = keysOf(one);
    const verifier = new ClaimVerifier(keys, 'eu-1');
    keys.onRefresh = () => {
      keys.current = { keys: [one.publicJwk, other.publicJwk] };
    };
    expect(await verifier.verify(await other.claim())).toMatchObject({ ok: true });
    expect(await verifier.verify(await one.claim())).toMatchObject({ ok: true });
    expect(keys.refreshes).toBe(1);
  });

  it('ends what was believed under a key that was taken away', async () => {
    const keys = keysOf(one, other);
    const verifier = new ClaimVerifier(keys, 'eu-1');
    const claim = await one.claim();
    expect(await verifier.verify(claim)).toMatchObject({ ok: true });
    keys.current = { keys: [other.publicJwk] };
    expect(await verifier.verify(claim)).toEqual({ ok: false, reason: 'claim_invalid' });
  });

  it('that has not come yet leaves nothing to believe', async () => {
    expect(await new ClaimVerifier(new TestKeys(null), 'eu-1').verify(await one.claim())).toEqual({ ok: false, reason: 'claim_invalid' });
  });
});
