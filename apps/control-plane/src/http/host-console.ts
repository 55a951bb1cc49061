import { existsSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const indexFile = 'index.html';
/** Vite puts a content hash into the names of everything below it. */
const hashedDirectory = `${sep}assets${sep}`;
const pageMethods = new Set(['GET', 'HEAD']);

/** A page of the console, not the API: pages have no files of their own, their address is read by the console itself. */
const isPage = (request: FastifyRequest): boolean =>
  pageMethods.has(request.method) && !request.url.startsWith('/v1') && (request.headers.accept ?? '').includes('text/html');

/** Serves the built console. Without a build only the API is served; returns whether there is one. */
export const hostConsole = async (fastify: FastifyInstance, directory: string): Promise<boolean> => {
  const root = resolve(directory);
  if (!existsSync(join(root, indexFile))) return false;
  await fastify.register(fastifyStatic, {
    root,
    wildcard: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      const isHashed = path.includes(hashedDirectory);
      reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  fastify.addHook('onRequest', async (request, reply) => {
    if (request.is404 && isPage(request)) return await reply.sendFile(indexFile);
  });
  return true;
};
