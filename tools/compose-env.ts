import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { newRegionKey } from '@lapidary/messaging/region-keys';

/** `npm run compose:env`: writes the secrets that docker-compose.yml asks for to .env (mode 0600), once; of a newer version those that are not there. */
const root = path.resolve(import.meta.dirname, '../..');
const file = path.join(root, '.env');
const secretBytes = 24;
// nats-server reads a variable as a value of its own syntax: a letter in front keeps "12e4…" from being a number.
const secret = (): string => `s${randomBytes(secretBytes).toString('hex')}`;

const secrets = [
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
const peerKeys = 'LAPIDARY_PEER_KEYS';
const signingKeys = { eu: 'LAPIDARY_EU_SIGNING_KEYS', us: 'LAPIDARY_US_SIGNING_KEYS' };
export const composeVariables = [...secrets, peerKeys, ...Object.values(signingKeys)];

/** The lines that a file lacks. Keys of regions are made together: each is in two of them. */
export const missingLines = (present: string): string[] => {
  const lacks = (name: string): boolean => !new RegExp(`^${name}=`, 'm').test(present);
  const made = Object.entries(signingKeys).map(([region, variable]) => ({ region, variable, ...newRegionKey(`${region}-1`) }));
  const json = (value: unknown): string => `'${JSON.stringify(value)}'`;
  const keys = [
    ...made.map(({ variable, own }) => `${variable}=${json({ keys: [own] })}`),
    `${peerKeys}=${json(Object.fromEntries(made.map(({ region, told }) => [region, { keys: [told] }])))}`,
  ];
  return [...secrets.filter(lacks).map((name) => `${name}=${secret()}`), ...(lacks(peerKeys) ? keys : [])];
};

if (import.meta.main) {
  const present = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const lines = missingLines(present);
  const separator = present === '' || present.endsWith('\n') ? '' : '\n';
  if (lines.length > 0) appendFileSync(file, `${separator}${lines.join('\n')}\n`, { mode: 0o600 });
  process.stdout.write(lines.length === 0 ? '.env is there already and stays as it is\n' : '.env written: docker compose up\n');
}
