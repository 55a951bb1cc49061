import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError } from '@lapidary/kernel/app-error';

/** Printable ASCII; keys are for machines, so no more than 255 of them. */
const KeySchema = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'an Idempotency-Key has 1 to 255 printable characters');

/** The request's Idempotency-Key, undefined where there is none: such a request is not protected against being sent twice. */
export const IdempotencyKey = createParamDecorator((_: undefined, context: ExecutionContext): string | undefined => {
  const value = context.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key'];
  if (value === undefined) return undefined;
  const parsed = KeySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const message = parsed.error.issues[0]?.message ?? 'is not valid';
  throw new AppError('invalid_input', message, { fields: [{ path: 'Idempotency-Key', message }] });
});
