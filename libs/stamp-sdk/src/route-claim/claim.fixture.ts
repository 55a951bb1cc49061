import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';
import { routeClaimAudience, routeClaimIssuer, routeClaimType } from '@lapidary/contracts/route-claim';

/** For tests: a key pair, and claims under it that may be wrong in any way. */
export interface TestKey {
  readonly kid: string;
  readonly privateJwk: JWK;
  readonly publicJwk: JWK;
  claim(over?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
}

export const newTestKey = async (kid: string): Promise<TestKey> => {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  return {
    kid,
    privateJwk: { ...(await exportJWK(privateKey)), kid },
    publicJwk: { ...(await exportJWK(publicKey)), kid },
    claim: (over = {}, header = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const body = {
        iss: routeClaimIssuer,
        sub: 'acme',
        aud: routeClaimAudience('eu-1'),
        stamp: 'eu-1',
        epoch: 3,
        url: 'https://eu-1.doors.example.net',
        host: 'acme.lapidary.test',
        iat: now,
        exp: now + 60,
      };
      return new SignJWT({ ...body, ...over }).setProtectedHeader({ alg: 'EdDSA', kid, typ: routeClaimType, ...header }).sign(privateKey);
    },
  };
};
