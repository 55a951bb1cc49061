import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

export interface TestKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export const makeKey = async (kid: string, alg = 'EdDSA'): Promise<TestKey> => {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg } };
};

export interface TokenOver {
  readonly key?: TestKey;
  readonly header?: Record<string, unknown>;
  /** undefined leaves a claim out. */
  readonly claims?: JWTPayload;
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** For tests: an identity provider, with its keys behind a URL. */
export class TestIssuer {
  keys: JWK[] = [];
  asked = 0;
  private readonly server: Server = createServer((_, response) => {
    this.asked += 1;
    response.end(JSON.stringify({ keys: this.keys }));
  });
  private port = 0;

  private constructor(readonly key: TestKey) {
    this.keys = [key.jwk];
  }

  static async start(): Promise<TestIssuer> {
    const issuer = new TestIssuer(await makeKey('one'));
    await issuer.up();
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/jwks.json`;
  }

  async up(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async down(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** A token as the router wants it, for the tenant, good for a minute, unless told. */
  token(tenant: string, { key = this.key, header, claims }: TokenOver = {}): Promise<string> {
    const payload = { iss: 'https://id.example.com', aud: 'shop', exp: nowSeconds() + 60, tenant, ...claims };
    return new SignJWT(payload).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey);
  }
}
