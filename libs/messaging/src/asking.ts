import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import { AppError } from '@lapidary/kernel/app-error';
import type { PeerSeal } from './peer-seal.js';

/** Answers that are looked at until the true one comes: each costs a tenth of a millisecond. */
const answersMax = 64;

/**
 * One answer. Where the peer has to sign, the first that it has signed: what others send in its place is passed over, so that they can't keep it
 * from being heard by being quicker.
 */
export const askOne = async (
  nc: NatsConnection,
  subject: string,
  body: string,
  timeoutMs: number,
  headers: MsgHdrs | undefined,
  seal: PeerSeal | undefined,
): Promise<Msg> => {
  const question = seal?.question(subject, body, headers);
  if (!seal || !question) return await nc.request(subject, body, { timeout: timeoutMs, headers });
  if (!seal.isRequired) return await nc.request(subject, body, { timeout: timeoutMs, headers: question.headers });
  const answers = await nc.requestMany(subject, body, { strategy: 'timer', maxWait: timeoutMs, headers: question.headers });
  let refused = '';
  let looked = 0;
  for await (const answer of answers) {
    const fault = seal.faultOfAnswer(question, answer);
    if (fault === null) return answer;
    refused = fault;
    if ((looked += 1) === answersMax) break;
  }
  throw new AppError('timeout', refused === '' ? 'No answer in time' : `No answer came that region ${seal.peer} has signed: ${refused}`, {
    internal: subject,
  });
};
