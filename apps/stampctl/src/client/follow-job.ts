import { type AppError, isAppError } from '@lapidary/kernel/app-error';
import { backOffMs } from '@lapidary/kernel/back-off';
import { finishedJobStatuses, type JobEventView, type JobView } from '@lapidary/contracts/api/jobs';
import type { Api } from './api.js';

/** A control plane that restarts is back in seconds; a person reads "away" after one try, not after ten. */
const awayFirstMs = 300;
const awayRetryMaxMs = 5_000;
/** A control plane that is away for longer than a slow upgrade needs a person; a CI job must not hang on it for ever. */
const awayMaxMs = 5 * 60_000;
/** Garbage may come from a proxy while the server restarts; garbage again and again comes from the wrong server. */
const badAnswersMax = 5;

export type JobUpdate =
  | { readonly type: 'progress'; readonly job: JobView; readonly events: readonly JobEventView[] }
  | { readonly type: 'away'; readonly reason: string }
  | { readonly type: 'back' };

/**
 * Everything that happens to a job from event `after` on, until it has finished. Lives through restarts of the control
 * plane: events are numbered without holes, so the next answer continues where the last one ended, and none shows twice.
 */
export async function* followJob(api: Api, id: string, after = 0): AsyncGenerator<JobUpdate, JobView> {
  let seen = after;
  let away = null as { readonly sinceMs: number; readonly tries: number; readonly bad: number } | null;
  for (;;) {
    try {
      const answer = await api.jobEvents(id, seen);
      if (away) yield { type: 'back' };
      away = null;
      const events = answer.items.filter((e) => e.sequence > seen).sort((a, b) => a.sequence - b.sequence);
      seen = events.at(-1)?.sequence ?? seen;
      yield { type: 'progress', job: answer.job, events };
      if (finishedJobStatuses.includes(answer.job.status) && seen >= answer.job.lastEventSequence) return answer.job;
    } catch (error) {
      api.http.signal.throwIfAborted();
      if (!isAppError(error) || !passes(error)) throw error;
      if (!away) yield { type: 'away', reason: error.message };
      away = {
        sinceMs: away?.sinceMs ?? Date.now(),
        tries: (away?.tries ?? 0) + 1,
        bad: (away?.bad ?? 0) + (error.code === 'bad_answer' ? 1 : 0),
      };
      if (Date.now() - away.sinceMs > awayMaxMs || away.bad >= badAnswersMax) throw error;
      await api.http.pause(backOffMs(away.tries, awayFirstMs, awayRetryMaxMs));
      await api.http.findAgain();
    }
  }
}

/** Failures that a restart explains. A 401 or 404 is an answer, not an absence. */
const passes = (error: AppError): boolean => error.code === 'bad_answer' || error.entry.status >= 500 || error.entry.status === 429;
