import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { AppError, isAppError } from '@lapidary/kernel/app-error';

/** The server's codes for "no room": of the account or the server, of what streams reserve, and of the stream's own limits or its disk. */
const noRoom: ReadonlySet<number> = new Set([10002, 10023, 10028, 10047, 10077]);
/** JetStream is switched off: for the server, or for who asks. */
const switchedOff: ReadonlySet<number> = new Set([10039, 10076]);

/** Why a stream can't be used, for whoever is on call: what is wrong, and with what. Each is `not_ready`: it may pass. */
export const streamFailure = (what: string, error: unknown): AppError =>
  isAppError(error) ? error : new AppError('not_ready', streamTrouble(error), { internal: what, cause: error });

export const streamTrouble = (error: unknown): string => {
  if (error instanceof JetStreamApiError) {
    if (noRoom.has(error.code)) return `The NATS server has no room for the stream: ${error.message}`;
    if (switchedOff.has(error.code)) return `The NATS server has its streams switched off: ${error.message}`;
    return `The NATS server refuses: ${error.message}`;
  }
  const causes = [error, error instanceof Error ? error.cause : undefined];
  if (causes.some((one) => one instanceof errors.NoRespondersError))
    return 'The NATS server has no streams: they are switched off, or it has given them up because it could not write';
  if (causes.some((one) => one instanceof errors.TimeoutError))
    return 'The NATS server’s streams do not answer: its disk may be full or slow, or it has stopped over one that was full';
  return `The event stream is not available: ${error instanceof Error ? error.message : String(error)}`;
};
