import { ProblemSchema } from '@lapidary/contracts/api/common';
import { applyDecorators } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { takeUntold, type AnswersOptions } from './api-answers.js';

/** Makes what was noted of operations swagger's, each once. */
export const describeOperations = (): void => {
  for (const { options, prototype, name, descriptor } of takeUntold())
    (options === null ? ApiExcludeEndpoint() : answersOf(options))(prototype, name, descriptor);
};

const answersOf = (options: AnswersOptions): MethodDecorator =>
  applyDecorators(
    ApiOperation({ summary: options.summary, ...(options.description === undefined ? {} : { description: options.description }) }),
    ApiTags(options.tag),
    ...Object.entries(options.answers).map(([status, schema]) =>
      ApiResponse({ status: Number(status), description: options.summary, ...(schema === null ? {} : { standardSchema: schema }) }),
    ),
    ApiResponse({ status: 'default', description: 'A problem, with code and what to check', standardSchema: ProblemSchema }),
    ...(options.idempotent === true
      ? [
          ApiHeader({
            name: 'Idempotency-Key',
            required: false,
            description: 'Repeats with the same key get the first answer (header idempotency-replayed: true). Send one on every POST.',
            schema: { type: 'string', maxLength: 200 },
          }),
        ]
      : []),
    ...(options.conditional === true
      ? [
          ApiHeader({
            name: 'If-Match',
            required: false,
            description: 'ETag that the change is based on; 412 where it is not the present one',
          }),
        ]
      : []),
    ...Object.entries(options.headers ?? {}).map(([name, description]) => ApiHeader({ name, required: false, description })),
  );
