import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/** PostgreSQL's own default (scram_iterations). */
const iterations = 4096;
const saltBytes = 16;

/**
 * What Postgres stores for a password (RFC 5803). Sent instead of the password, so that the password itself never reaches
 * the server's log or pg_stat_activity.
 */
export const scramVerifier = (password: string, salt: Buffer = randomBytes(saltBytes), rounds = iterations): string => {
  const salted = pbkdf2Sync(password, salt, rounds, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${rounds}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
};

/** `SCRAM-SHA-256$<iterations>:<salt>$…`, as pg_authid.rolpassword has it. */
const verifierPattern = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/;

/** Whether a verifier that Postgres has stored is of this password; also one that somebody made with other iterations. */
export const passwordFits = (password: string, verifier: string): boolean => {
  const [, rounds, salt] = verifierPattern.exec(verifier) ?? [];
  return salt !== undefined && scramVerifier(password, Buffer.from(salt, 'base64'), Number(rounds)) === verifier;
};
