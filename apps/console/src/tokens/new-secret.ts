/** 256 random bits need no slow hash: they can't be guessed. */
const secretBytes = 32;

/** A secret, made here and never sent, and its SHA-256 in hexadecimal, which is. */
export const newSecret = async (): Promise<{ readonly secret: string; readonly sha256: string }> => {
  const bytes = crypto.getRandomValues(new Uint8Array(secretBytes));
  const secret = btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret));
  return { secret, sha256: [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('') };
};

/** Browsers give digests to pages of HTTPS and of this machine only (Web Cryptography, "SecureContext"). */
export const canMakeSecrets = (): boolean => globalThis.isSecureContext;
