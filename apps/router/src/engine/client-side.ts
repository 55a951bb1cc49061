import type { ProblemAnswer } from '../answer-problem.js';
import type { ClientWriter } from './client-writer.js';

/** What an exchange asks of its client's connection. */
export interface ClientSide {
  /** What a stamp is told of this client (clientText). */
  readonly text: string;
  /** Whether an answer that begins now ends the connection. */
  readonly willClose: boolean;
  readonly writer: ClientWriter;
  /** What one read held is being told; onClientReadDone follows. */
  readonly isReading: boolean;
  /** The connection's one deadline, in `ms` and not behind `latestMs`; `expired` of the exchange follows. */
  arm(ms: number, latestMs: number): void;
  pauseReads(): void;
  resumeReads(): void;
  /** Answers with problem+json, whole. */
  answerProblem(answer: ProblemAnswer, isHead: boolean): void;
  /** The answer is written. `closes`: it said that the connection ends. */
  answered(closes: boolean): void;
  /** What was begun can't be finished: behind what came of it the client sees its connection break, not an end. */
  breakOff(): void;
  /** At once, whatever the client has not read of what was written. */
  giveUp(cause: 'stalled' | 'stopped'): void;
}
