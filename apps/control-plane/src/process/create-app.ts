import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { requestIdHeader } from '@lapidary/contracts/workload';
import { StandardSchemaValidationPipe, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from '../app.module.js';
import { installAuthentication } from '../auth/authenticate-hook.js';
import { CredentialCheck } from '../auth/credential-check.js';
import { canonicalAddress } from '../http/address.js';
import { hostConsole } from '../http/host-console.js';
import { installHooks } from '../http/install-hooks.js';
import { ProblemFilter, sendProblem } from '../http/problem-filter.js';
import { requestIdOf } from '../http/request-id.js';
import { bodyBytesMax, fromIssues } from '../http/translate-error.js';
import { allFeatures } from './features.js';
import { NestLogger } from './nest-logger.js';
import type { ProcessResources } from './resources.js';

/** Long enough that an over-long name reaches validation and gets a clear answer. */
const pathParameterMax = 1_000;
const openApiPath = '/v1/openapi.json';

export interface CreateAppOptions {
  readonly features?: readonly Type[];
  /** The socket that listens already (FrontServer); tests that only inject leave it out. */
  readonly front?: { readonly server: Server };
}

export interface CreatedApp {
  readonly app: NestFastifyApplication;
  /** Answers requests of the front server. */
  readonly handler: RequestListener | undefined;
}

/** Builds the application on a database that was brought up; workers start with it. `inject` works at once. */
export const createApp = async (resources: ProcessResources, options: CreateAppOptions = {}): Promise<CreatedApp> => {
  const { config, logger, metrics } = resources;
  let handler: RequestListener | undefined;
  const { front } = options;
  const serverFactory = (fastifyHandler: RequestListener): Server => {
    handler = fastifyHandler;
    return front!.server;
  };
  const adapter = new FastifyAdapter({
    bodyLimit: bodyBytesMax,
    // Whose word for a client's address counts; nobody's where none is named.
    trustProxy: config.LAPIDARY_TRUSTED_PROXIES.length > 0 ? config.LAPIDARY_TRUSTED_PROXIES : false,
    genReqId: requestIdOf,
    requestIdHeader: false,
    rewriteUrl: (request: IncomingMessage) => canonicalAddress(request.url ?? '/'),
    // An address that can't be parsed is refused before any hook runs.
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      void sendProblem(logger, request, reply.header(requestIdHeader, request.id), error),
    routerOptions: { maxParamLength: pathParameterMax },
    ...(front ? { serverFactory } : {}),
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.of(resources, options.features ?? allFeatures), adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  installHooks(fastify, metrics);
  installAuthentication(fastify, app.get(CredentialCheck, { strict: false }));
  const hasConsole = await hostConsole(fastify, config.LAPIDARY_CONSOLE_DIR);
  if (!hasConsole) logger.info({ directory: config.LAPIDARY_CONSOLE_DIR }, 'no built console there; only the API is served');
  app.useGlobalFilters(new ProblemFilter(logger));
  app.useGlobalPipes(new StandardSchemaValidationPipe({ exceptionFactory: fromIssues }));
  let document: object | undefined;
  // Five hundred modules, and few who ask.
  fastify.get(openApiPath, async () => (document ??= (await import('../openapi/build-document.js')).buildDocument(app)));
  await app.init();
  await fastify.ready();
  return { app, handler };
};
