import { ProblemSchema } from '@lapidary/contracts/api/common';
import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';

export interface AnswersOptions {
  /** What the operation does, in one line. */
  readonly summary: string;
  readonly tag: string;
  readonly description?: string;
  /** Schema of the body by status; null: no body. */
  readonly answers: Readonly<Record<number, z.ZodType | null>>;
  /** Operation takes Idempotency-Key (every POST that runs a command). */
  readonly idempotent?: boolean;
  /** Operation takes If-Match. */
  readonly conditional?: boolean;
}

/** Documents an operation from the same zod schemas that its answers are typed by. Bodies and queries are read by swagger from `@Body({ schema })`. */
export const ApiAnswers = (options: AnswersOptions): MethodDecorator =>
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
  );
