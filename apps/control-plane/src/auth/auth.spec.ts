import { credentialsOf, isOwnOrigin } from './credentials.js';
import { openSealed, sealPrincipal } from './forwarded-principal.js';
import { hasRole, requireRole, type Principal } from './principal.js';

const principal = (role: 'viewer' | 'operator' | 'admin', region: string): Principal => ({
  actor: 'token:ann',
  via: 'bearer',
  bindings: [{ role, region }],
});

describe('roles', () => {
  it('include the lesser ones, in their region only', () => {
    expect(hasRole(principal('admin', '*'), 'operator', 'eu')).toBe(true);
    expect(hasRole(principal('operator', 'eu'), 'viewer', 'eu')).toBe(true);
    expect(hasRole(principal('operator', 'eu'), 'operator', 'us')).toBe(false);
    expect(hasRole(principal('viewer', 'eu'), 'operator', 'eu')).toBe(false);
    expect(hasRole({ ...principal('viewer', 'eu'), bindings: [] }, 'viewer')).toBe(false);
    expect(() => requireRole(principal('viewer', 'eu'), 'operator', 'eu')).toThrow('needs the role "operator" in region eu');
  });
});

describe('a forwarded principal', () => {
  const sealed = sealPrincipal(principal('operator', 'eu'));
  const [principalHeader, sealHeader] = Object.keys(sealed) as [string, string];

  it('arrives as it was, marked as coming from a peer', () => {
    expect(openSealed(sealed)).toEqual({ principal: { ...principal('operator', 'eu'), via: 'peer' }, intent: null });
  });

  it('is nobody on an ordinary request', () => {
    expect(openSealed({ authorization: 'Bearer x' })).toBeNull();
  });

  it('can’t be forged: a changed principal, a guessed seal and half a pair are refused', () => {
    const forged = Buffer.from(JSON.stringify(principal('admin', '*'))).toString('base64url');
    expect(() => openSealed({ ...sealed, [principalHeader]: forged })).toThrow();
    expect(() => openSealed({ ...sealed, [sealHeader]: '0'.repeat(64) })).toThrow();
    expect(() => openSealed({ [principalHeader]: sealed[principalHeader] })).toThrow();
    expect(() => openSealed({ [sealHeader]: sealed[sealHeader] })).toThrow();
    expect(() => openSealed({ ...sealed, [sealHeader]: 'short' })).toThrow();
  });
});

describe('credentials', () => {
  it('come from the header first, else from the cookie', () => {
    expect(credentialsOf({ authorization: 'Bearer abc', cookie: 'lapidary_session=def' })).toEqual({ via: 'bearer', secret: 'abc' });
    expect(credentialsOf({ cookie: 'a=b; lapidary_session=def; c=d' })).toEqual({ via: 'cookie', secret: 'def' });
    expect(credentialsOf({ cookie: 'xlapidary_session=def' })).toBeNull();
    expect(credentialsOf({})).toBeNull();
  });

  it('in a strange scheme are wrong credentials, not none', () => {
    expect(credentialsOf({ authorization: 'Basic abc' })).toEqual({ via: 'bearer', secret: '' });
  });

  it('of a page count only on its own origin', () => {
    expect(isOwnOrigin({ host: 'localhost:8080', origin: 'http://localhost:8080' })).toBe(true);
    expect(isOwnOrigin({ host: 'localhost:8080', origin: 'http://evil.example' })).toBe(false);
    expect(isOwnOrigin({ host: 'localhost:8080', origin: 'null' })).toBe(false);
    expect(isOwnOrigin({ host: 'localhost:8080' })).toBe(false);
  });
});
