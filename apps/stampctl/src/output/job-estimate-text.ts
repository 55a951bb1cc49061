import type { JobView } from '@lapidary/contracts/api/jobs';
import { humanDuration } from './human-time.js';

type Step = JobView['steps'][number];

/** "usually 12 s, at most 40 s": nine of ten took at most that long. Empty where there is no history; of one that all took alike, no bound is known. */
export const usualText = (usual: Step['usual']): string => {
  if (usual === null) return '';
  const [usually, atMost] = [humanDuration(usual.medianMs), humanDuration(usual.p90Ms)];
  return usually === atMost ? `usually ${usually}` : `usually ${usually}, at most ${atMost}`;
};

/** "5/7 resources", or "5 resources" where nobody knows how many there will be. */
export const progressText = (progress: Step['progress']): string => {
  if (progress === null) return '';
  const { done, expected } = progress;
  return expected === null ? `${done} ${done === 1 ? 'resource' : 'resources'}` : `${done}/${expected} resources`;
};

/** "about 12 s to go, at most 40 s (from 9 jobs)"; what the job as a whole will still take. */
export const remainingText = (job: JobView): string => {
  const { estimate, steps } = job;
  if (estimate === null) return '';
  if (estimate.longerThanUsual) {
    // It is a step that is late, perhaps in a job that is not.
    const usual = steps.find((step) => step.status === 'running')?.usual;
    return usual ? `longer than usual (9 of 10: at most ${humanDuration(usual.p90Ms)})` : 'longer than usual';
  }
  const from = `from ${estimate.samples} ${estimate.samples === 1 ? 'job' : 'jobs'}`;
  return `about ${humanDuration(estimate.remainingMs)} to go, at most ${humanDuration(estimate.remainingAtMostMs)} (${from})`;
};
