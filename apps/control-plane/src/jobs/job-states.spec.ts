import { jobStatuses, stepStatuses } from '@lapidary/contracts/api/jobs';
import { isAppError } from '@lapidary/kernel/app-error';
import { checkTransitions, nextState } from '@lapidary/kernel/transition-table';
import fc from 'fast-check';
import {
  doneStepStatuses,
  jobTable,
  leasedJobStatuses,
  openJobStatuses,
  stepTable,
  type JobEventName,
  type JobStatus,
} from './job-states.js';

const tryNext = (from: JobStatus, event: JobEventName): JobStatus | undefined => {
  try {
    return nextState(jobTable, from, event);
  } catch (error) {
    if (isAppError(error) && error.code === 'illegal_transition') return undefined;
    throw error;
  }
};
const events: JobEventName[] = ['start', 'succeed', 'fail', 'cancel', 'force', 'stop', 'release', 'retry'];

describe('job and step states', () => {
  it('the tables are sound and cover exactly the statuses of the contract', () => {
    expect(() => checkTransitions(jobTable)).not.toThrow();
    expect(() => checkTransitions(stepTable)).not.toThrow();
    expect(Object.keys(jobTable.states).sort()).toEqual([...jobStatuses].sort());
    expect(Object.keys(stepTable.states).sort()).toEqual([...stepStatuses].sort());
  });

  it('a job that succeeded never changes again', () => {
    for (const event of events) expect(tryNext('succeeded', event)).toBeUndefined();
  });

  it('I8: whatever happens, a job ends or can go on: from every reachable state some end is reachable', () => {
    const reaches = (from: JobStatus, seen = new Set<JobStatus>()): boolean => {
      if (['succeeded', 'failed', 'cancelled'].includes(from)) return true;
      if (seen.has(from)) return false;
      seen.add(from);
      return events.some((e) => {
        const to = tryNext(from, e);
        return to !== undefined && reaches(to, seen);
      });
    };
    for (const status of jobStatuses) expect(reaches(status)).toBe(true);
  });

  it('I8: only a leased job can complete, and only through "start" does a job become leased', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 40 }), (walk) => {
        let status: JobStatus = jobTable.initial;
        for (const event of walk) {
          const to = tryNext(status, event);
          if (to === undefined) continue;
          if (event === 'succeed' || event === 'fail') expect(leasedJobStatuses).toContain(status);
          if (leasedJobStatuses.includes(to) && !leasedJobStatuses.includes(status)) expect(event).toBe('start');
          status = to;
        }
      }),
    );
  });

  it('one open job per subject: an ended job opens again by "retry" only', () => {
    for (const from of jobStatuses.filter((s) => !openJobStatuses.includes(s))) {
      for (const event of events) {
        const to = tryNext(from, event);
        if (to !== undefined) expect([event, to]).toEqual(['retry', 'queued']);
      }
    }
  });

  it('I8: a step that is done never runs again, unless its job was taken back and is retried from its beginning', () => {
    for (const done of doneStepStatuses) {
      expect(stepTable.transitions.filter((t) => t.from.includes(done)).map((t) => t.event)).toEqual(['redo']);
    }
  });
});
