import type { Msg } from '@nats-io/transport-node';
import type { z } from 'zod';
import { decodeAsked } from './json-messages.js';
import type { RefusedMessages } from './refused-messages.js';

/** How a plain message is heard: what is malformed, or fails whoever hears it, is dropped and counted, and those behind it are heard. */
export const hearing =
  <T extends z.ZodType>(schema: T, handler: (message: z.infer<T>, subject: string) => unknown, refused: RefusedMessages) =>
  async (msg: Msg): Promise<void> => {
    let message: z.infer<T>;
    try {
      message = decodeAsked(msg, schema);
    } catch (error) {
      return refused.note('malformed', error);
    }
    try {
      await handler(message, msg.subject);
    } catch (error) {
      refused.note('failed', error);
    }
  };

/** Messages as they come, no more of them at once than that; others are refused. What a handler throws is dealt with inside. */
export const atMost = (
  inFlightMax: number,
  handle: (msg: Msg) => Promise<void>,
  refuse: (msg: Msg) => void,
  refused: RefusedMessages,
): ((msg: Msg) => void) => {
  let inFlight = 0;
  return (msg) => {
    if (inFlight >= inFlightMax) {
      refused.note('too_many');
      return refuse(msg);
    }
    inFlight++;
    // Left here is a reply over a connection that closed meanwhile.
    void handle(msg)
      .catch(() => undefined)
      .finally(() => inFlight--);
  };
};
