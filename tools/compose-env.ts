import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** `npm run compose:env`: writes the secrets that docker-compose.yml asks for to .env (mode 0600), once. */
const root = path.resolve(import.meta.dirname, '../..');
const file = path.join(root, '.env');
const secretBytes = 24;
// nats-server reads a variable as a value of its own syntax: a letter in front keeps "12e4…" from being a number.
const secret = (): string => `s${randomBytes(secretBytes).toString('hex')}`;

export const composeVariables = [
  'LAPIDARY_ADMIN_TOKEN',
  'LAPIDARY_ENGINE_PASSPHRASE',
  'LAPIDARY_DIRECTORY_KEY',
  'POSTGRES_PASSWORD',
  'NATS_CONTROL_PASSWORD',
  // Of the user that one region is at another's NATS: each pair has its own, each way.
  'NATS_PEER_US_AT_EU_PASSWORD',
  'NATS_PEER_EU_AT_US_PASSWORD',
  'NATS_ROUTER_PASSWORD',
  'NATS_AGENT_PASSWORD',
];

if (import.meta.main) {
  if (existsSync(file)) process.stdout.write('.env is there already and stays as it is\n');
  else {
    writeFileSync(file, composeVariables.map((name) => `${name}=${secret()}\n`).join(''), { mode: 0o600 });
    process.stdout.write('.env written: docker compose up\n');
  }
}
