import pg from 'pg';
import { z } from 'zod';
import type { PropertyMap } from '../property-values.js';
import type { LocalResource } from './local-resource.js';
import type { LocalSettings } from './local-settings.js';
import { seenRights, statedRights } from './database-rights.js';
import { scramVerifier } from './scram-verifier.js';

/** Names are put into SQL as they are, so nothing else is let through. Postgres cuts names at 63 bytes. */
const NameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_]*$/)
  .max(63);

const DatabaseInputsSchema = z.object({
  name: NameSchema,
  role: NameSchema,
  password: z.string().min(16),
  connectionLimit: z.number().int().min(1).max(1000),
  /** `host:port` of the server; where the admin URL points. */
  server: z.string().min(1),
});
type DatabaseInputs = z.infer<typeof DatabaseInputsSchema>;

/** A server that does not answer within this is not merely slow. */
const connectTimeoutMs = 10_000;
/** Copying the template database takes a second on a slow disk; this is for one that is badly busy. */
const statementTimeoutMs = 60_000;
const duplicateCodes = new Set(['42P04', '42710', '23505']);

/** A database of its own with a role of its own, on the region's Postgres. Nobody else may connect. */
export const localDatabase = (settings: LocalSettings): LocalResource<DatabaseInputs> => {
  const bring = (_urn: string, inputs: DatabaseInputs): Promise<PropertyMap> =>
    asAdmin(settings, inputs.name, async (client) => {
      await createOrAdopt(client, inputs);
      return outputsOf(inputs);
    });
  return {
    inputs: DatabaseInputsSchema,
    replacedBy: ['name', 'role'],
    idOf: (_urn, inputs) => inputs.name,
    create: bring,
    update: bring,
    read: (id, _urn, props) =>
      asAdmin(settings, id, async (client) => {
        const seen = await seenRights(client, id, String(props['password']));
        if (seen === undefined || seen.owner !== props['role']) return undefined;
        return { ...props, connectionLimit: seen.connectionLimit, rights: seen.rights };
      }),
    stated: () => ({ rights: statedRights }),
    delete: (id, _urn, props) =>
      asAdmin(settings, id, async (client) => {
        const role = NameSchema.parse(props['role']);
        await refuseForeign(client, NameSchema.parse(id), role);
        // FORCE ends the sessions of a workload that has not stopped yet.
        await client.query(`DROP DATABASE IF EXISTS ${id} WITH (FORCE)`);
        await client.query(`DROP ROLE IF EXISTS ${role}`);
      }),
  };
};

const createOrAdopt = async (client: pg.Client, { name, role, password, connectionLimit }: DatabaseInputs): Promise<void> => {
  await refuseForeign(client, name, role);
  await orExists(client.query(`CREATE ROLE ${role} NOLOGIN`));
  const verifier = client.escapeLiteral(scramVerifier(password));
  await client.query(
    `ALTER ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT ${connectionLimit} PASSWORD ${verifier}`,
  );
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
  // template0, because nobody can be connected to it, and a connection to the template makes the copy fail.
  if (rowCount === 0) await orExists(client.query(`CREATE DATABASE ${name} OWNER ${role} TEMPLATE template0 ENCODING 'UTF8'`));
  await client.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
};

/** A database of the same name that belongs to another role was not made here, and is neither adopted nor dropped. */
const refuseForeign = async (client: pg.Client, name: string, role: string): Promise<void> => {
  const { rows } = await client.query<{ owner: string }>(
    'SELECT r.rolname AS owner FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = $1',
    [name],
  );
  const owner = rows[0]?.owner;
  if (owner !== undefined && owner !== role) throw new Error(`the database ${name} exists already and belongs to ${owner}`);
};

const orExists = async (query: Promise<unknown>): Promise<void> => {
  try {
    await query;
  } catch (error) {
    if (!duplicateCodes.has((error as pg.DatabaseError).code ?? '')) throw error;
  }
};

const outputsOf = (inputs: DatabaseInputs): PropertyMap => ({
  ...inputs,
  url: `postgres://${inputs.role}:${encodeURIComponent(inputs.password)}@${inputs.server}/${inputs.name}`,
});

/**
 * One connection per call. The lock makes a repeated create wait for the first one: when a client is killed, its server
 * process finishes the statement it is in, and only then gives up the session and the lock.
 */
const asAdmin = async <T>(settings: LocalSettings, name: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({
    connectionString: settings.postgresAdminUrl,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    application_name: 'lapidary-provisioner',
  });
  // A connection that breaks while idle would otherwise end the process; the query that is under way reports it anyway.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [`lapidary ${name}`]);
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
};
