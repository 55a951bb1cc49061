import type { Msg } from '@nats-io/transport-node';
import { AppError, toAppError } from '@lapidary/kernel/app-error';
import type { z } from 'zod';
import { decodeAsked, encodeError, type Encoded } from './json-messages.js';
import type { PeerSeal } from './peer-seal.js';
import type { RefusedMessages } from './refused-messages.js';

/** How requests of a subject between two regions are told from forged ones. */
export interface Sealed {
  readonly seal: PeerSeal;
  /** What is asked must not be executed again when the same message comes again. */
  readonly once: boolean;
}

/** Gives the reply as it goes out. */
export type Handler<T extends z.ZodType> = (request: z.infer<T>, message: Msg) => Promise<Encoded>;

/** How a request is answered, with its handler's error where it throws, and how one is refused that is one too many. */
export const answering = <T extends z.ZodType>(requestSchema: T, handler: Handler<T>, refused: RefusedMessages, sealed?: Sealed) => {
  const respond = (msg: Msg, encoded: Encoded): void => {
    const { body, headers } = sealed ? sealed.seal.answer(msg, encoded) : encoded;
    msg.respond(body, { headers });
  };
  const fail = (msg: Msg, error: unknown): void => respond(msg, encodeError(error));
  const decoded = (msg: Msg): z.infer<T> => {
    try {
      return decodeAsked(msg, requestSchema);
    } catch (error) {
      refused.note('malformed', error);
      throw error;
    }
  };
  return {
    answer: async (msg: Msg): Promise<void> => {
      // Whoever may ask chooses where the answer goes; anywhere else it would be a message in our name.
      if (!msg.reply?.startsWith('_INBOX')) return refused.note('no_inbox');
      try {
        sealed?.seal.admit(msg, sealed.once);
        respond(msg, await handler(decoded(msg), msg));
      } catch (error) {
        if (toAppError(error).code === 'internal') refused.note('failed', error);
        fail(msg, error);
      }
    },
    refuse: (msg: Msg): void => fail(msg, new AppError('overloaded', undefined, { retryAfterSeconds: 1 })),
  };
};
