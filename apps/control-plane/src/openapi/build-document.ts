import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { describeOperations } from './describe-operations.js';

/** Operations that read or write nothing of anybody's. */
const publicOperations = new Set(['get /v1/version', 'post /v1/session']);

/** The API's description, from the controllers and the zod schemas that validate their requests and type their answers. */
export const buildDocument = (app: INestApplication): OpenAPIObject => {
  describeOperations();
  const options = new DocumentBuilder()
    .setTitle('Lapidary')
    .setDescription(
      'Control plane of a geode: regions, stamps, tenants, placement, jobs, routes. Errors are RFC 9457 problems with a code.',
    )
    .setVersion('v1')
    .addBearerAuth({ type: 'http', scheme: 'bearer' }, 'token')
    .addCookieAuth('lapidary_session', { type: 'apiKey', in: 'cookie' }, 'session')
    .addSecurityRequirements('token')
    .addSecurityRequirements('session')
    .build();
  const document = SwaggerModule.createDocument(app, options, {
    autoTagControllers: false,
    operationIdFactory: (controller, method) => operationId(controller, method),
  });
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item as Record<string, Operation>)) {
      if (publicOperations.has(`${method} ${path}`)) operation.security = [];
      asProblem(operation);
    }
  }
  return sortedBySchemaName(document);
};

interface Operation {
  security?: unknown[];
  responses?: Record<string, { content?: Record<string, unknown> } | undefined>;
}

/** Problems have a media type of their own (RFC 9457), which swagger's decorators can't say together with a zod schema. */
const asProblem = (operation: Operation): void => {
  const answer = operation.responses?.['default'];
  const schema = answer?.content?.['application/json'];
  if (answer && schema !== undefined) answer.content = { 'application/problem+json': schema };
};

/** "TenantsController", "show" → "tenants_show": generated clients name their functions by it. */
const operationId = (controller: string, method: string): string => `${controller.replace(/Controller$/, '').toLowerCase()}_${method}`;

/** The order in which modules load must not show in the generated file. */
const sortedBySchemaName = (document: OpenAPIObject): OpenAPIObject => ({
  ...document,
  paths: sorted(document.paths),
  components: { ...document.components, schemas: sorted(document.components?.schemas ?? {}) },
});

const sorted = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
