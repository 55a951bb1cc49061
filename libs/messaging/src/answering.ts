import type { Msg } from '@nats-io/transport-node';
import { AppError, toAppError } from '@lapidary/kernel/app-error';
import type { z } from 'zod';
import { decodeJson, encodeError, type Encoded } from './json-messages.js';

/** Gives the reply as it goes out. */
export type Handler<T extends z.ZodType> = (request: z.infer<T>, message: Msg) => Promise<Encoded>;

/** How a request is answered, with its handler's error where it throws, and how one is refused that is one too many. */
export const answering = <T extends z.ZodType>(
  subject: string,
  requestSchema: T,
  handler: Handler<T>,
  logger: { warn(bindings: object, message: string): void },
) => {
  const fail = (msg: Msg, error: unknown): void => {
    const { body, headers } = encodeError(error);
    msg.respond(body, { headers });
  };
  return {
    answer: async (msg: Msg): Promise<void> => {
      // Whoever may ask chooses where the answer goes; anywhere else it would be a message in our name.
      if (!msg.reply?.startsWith('_INBOX')) return;
      try {
        const { body, headers } = await handler(decodeJson(msg, requestSchema), msg);
        msg.respond(body, { headers });
      } catch (error) {
        if (toAppError(error).code === 'internal') logger.warn({ subject, err: error }, 'a request over NATS failed');
        fail(msg, error);
      }
    },
    refuse: (msg: Msg): void => fail(msg, new AppError('overloaded', undefined, { retryAfterSeconds: 1 })),
  };
};
