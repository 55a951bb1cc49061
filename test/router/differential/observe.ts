import { strict } from '../wire/habits.ts';
import { finalAnswers, readAnswers, readRequests, statusOf } from '../wire/read-messages.ts';
import type { Recorder } from '../wire/recorder.ts';
import { Talk, turns } from '../wire/talk.ts';

/** What a proxy did with a case, in one word that can be compared. */
export type Verdict = 'forwards' | 'forwards, unreadable' | 'refuses' | 'waits';

export interface Observation {
  readonly verdict: Verdict;
  /** Statuses of its answers, in order. */
  readonly statuses: readonly number[];
  readonly closed: boolean;
  /** What it does as well with the same bytes, as the page says it (undetermined.ts). */
  readonly or?: readonly string[];
}

/** Long enough for another process to answer, short enough for hundreds of cases of which some are never answered. */
const quietMs = 250;

/** Sends the bytes and waits until nothing more happens. */
export const observe = async (port: number, recorder: Recorder, bytes: string): Promise<Observation> => {
  recorder.mark();
  const talk = await Talk.open(port);
  try {
    await talk.send([bytes]);
    for (let seen = -1; seen !== talk.text.length && !talk.closed;) {
      seen = talk.text.length;
      await talk.until(() => talk.text.length !== seen, quietMs);
    }
    await turns(4);
    const statuses = finalAnswers(readAnswers(talk.text, [], strict, talk.closed)).map(statusOf);
    const readings = recorder.since().map((r) => readRequests(r.bytes, strict));
    const whole = readings.some((r) => r.messages.length > 0);
    const unreadable = readings.some((r) => typeof r.rest === 'object');
    const verdict = unreadable ? 'forwards, unreadable' : whole ? 'forwards' : talk.text !== '' || talk.closed ? 'refuses' : 'waits';
    return { verdict, statuses, closed: talk.closed };
  } finally {
    talk.destroy();
  }
};
