import type { Server } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

const cutEveryMs = 100;

/**
 * For tests: ends an application that listens by itself. Clients keep their connections for as long as the server offers, a minute and more, and one that ends a stream does so while
 * it is being closed; the process's own front server cuts those (src/http/front-server.ts).
 */
export const closeApp = async (app: NestFastifyApplication): Promise<void> => {
  const cutting = setInterval(() => (app.getHttpServer() as Server).closeAllConnections(), cutEveryMs);
  await app.close().finally(() => clearInterval(cutting));
};
