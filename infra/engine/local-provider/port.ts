import { createHash } from 'node:crypto';
import { mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import type { LocalResource } from './local-resource.js';
import { listenerOn, ownProcess } from './port-listener.js';
import type { LocalSettings } from './local-settings.js';

/** Below the ports that Linux gives to outgoing connections (ip_local_port_range starts at 32768). */
const portMin = 21_000;
const portCount = 9_000;

const PortInputsSchema = z.object({ purpose: z.string().min(1) });
type PortInputs = z.infer<typeof PortInputsSchema>;

/**
 * A TCP port of this machine, kept for its owner also while nothing listens on it. A reservation is a symbolic link
 * `<processDir>/ports/<port>` whose target is the owner's URN: made in one call, so a crash leaves it whole or not at all.
 */
export const localPort = (settings: LocalSettings): LocalResource<PortInputs> => {
  const directory = join(settings.processDir, 'ports');
  return {
    inputs: PortInputsSchema,
    replacedBy: [],
    idOf: (urn) => `port-${createHash('sha256').update(urn).digest('hex').slice(0, 16)}`,
    create: async (urn, inputs) => ({ ...inputs, port: (await reservedBy(directory, urn)) ?? (await reserve(directory, urn)) }),
    read: async (_id, urn, props) => {
      const port = await reservedBy(directory, urn);
      return port === undefined ? undefined : { ...props, port, listener: await listenerOn(settings.processDir, port) };
    },
    stated: () => ({ listener: ownProcess }),
    update: (_urn, inputs, olds) => Promise.resolve({ ...olds, ...inputs }),
    delete: async (_id, urn) => {
      const port = await reservedBy(directory, urn);
      if (port !== undefined) await rm(join(directory, String(port)), { force: true });
    },
  };
};

const reservedBy = async (directory: string, urn: string): Promise<number | undefined> => {
  for (const name of await readdir(directory).catch(() => [])) {
    if ((await readlink(join(directory, name)).catch(() => undefined)) === urn) return Number(name);
  }
  return undefined;
};

/** Starts at a place of its own, so that fleets which share a machine but no directory seldom try the same port. */
const reserve = async (directory: string, urn: string): Promise<number> => {
  await mkdir(directory, { recursive: true });
  const first = createHash('sha256').update(`${directory} ${urn}`).digest().readUInt32BE(0) % portCount;
  for (let offset = 0; offset < portCount; offset += 1) {
    const port = portMin + ((first + offset) % portCount);
    if ((await isFree(port)) && (await linkOwner(join(directory, String(port)), urn))) return port;
  }
  throw new Error(`no free port between ${portMin} and ${portMin + portCount - 1}`);
};

const linkOwner = async (path: string, urn: string): Promise<boolean> => {
  try {
    await symlink(urn, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

/** Only a bind tells: what listens on any address of this machine makes it fail. */
const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
