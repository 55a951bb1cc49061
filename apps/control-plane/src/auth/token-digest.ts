import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits need no salt and no slow hash: they can't be guessed, only stolen. */
const secretBytes = 32;

/** What the database keeps of a secret. Looking the digest up by index leaks nothing about other secrets by its timing. */
export const secretDigest = (secret: string): string => createHash('sha256').update(secret).digest('hex');

export const newSecret = (): string => randomBytes(secretBytes).toString('base64url');
