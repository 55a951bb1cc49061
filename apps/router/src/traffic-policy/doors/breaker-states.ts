import type { TransitionTable } from '@lapidary/kernel/transition-table';

export type BreakerState = 'closed' | 'open' | 'half_open';
export type BreakerEvent = 'tripped' | 'rested' | 'checked_well' | 'probe_failed' | 'recovered';

/**
 * One breaker for each (stamp, front door). Client aborts, and idle connections that the stamp closed as they were used,
 * are no events of it. Of failures that may be one tenant's own doing (time-outs, answers cut short, its workload's 502 to 504) those count
 * that follow another tenant's, or come while the door's health check fails.
 */
export const breakerTable: TransitionTable<BreakerState, BreakerEvent> = {
  name: 'breaker',
  initial: 'closed',
  states: {
    closed: 'The front door is used',
    open: 'Nothing is sent to it; requests go to other doors, or are refused at once with stamp_unavailable and Retry-After',
    half_open: 'One request at a time is sent to it, to see; all others pass it over',
  },
  transitions: [
    {
      from: ['closed'],
      event: 'tripped',
      to: 'open',
      why: '5 failures on end, or half of at least 20 attempts within 10 s; those that one tenant may have made itself are not counted alone',
    },
    { from: ['open'], event: 'rested', to: 'half_open', why: 'its time is up: 1 s at first, doubled with each failed probe, 30 s at most' },
    { from: ['open'], event: 'checked_well', to: 'half_open', why: 'the active health check was answered well' },
    { from: ['half_open'], event: 'probe_failed', to: 'open', why: 'the one request failed' },
    { from: ['half_open'], event: 'recovered', to: 'closed', why: '2 requests on end were answered' },
  ],
};
