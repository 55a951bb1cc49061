import type { TransitionTable } from '@lapidary/kernel/transition-table';

export type RegistrationState = 'starting' | 'registering' | 'alone' | 'registered' | 'fenced' | 'stopped';
export type RegistrationEvent = 'start' | 'unanswered' | 'accepted' | 'fenced' | 'stop';

/**
 * Where the agent stands with its control plane. Only `alone` and `registered` serve (see docs/adr/0004). There is no way
 * from `fenced` to `alone`: who was fenced knows that another process took over, and silence doesn't change that.
 */
export const registrationTable: TransitionTable<RegistrationState, RegistrationEvent> = {
  name: 'registration',
  initial: 'starting',
  states: {
    starting: 'The process is coming up; nothing is served',
    registering: 'The control plane has been asked for the first time; nothing is served until it answers or its time is up',
    alone: 'No acceptance yet; what the copy on disk says is served, at the epochs it says',
    registered: 'The control plane knows this process; what it told us is served, also while it is away',
    fenced: 'A newer process has registered for the stamp; nothing is served until we are accepted anew',
    stopped: 'The process is going down; what is in flight is finished',
  },
  transitions: [
    { from: ['starting'], event: 'start', to: 'registering', why: 'the front door listens' },
    {
      from: ['registering'],
      event: 'unanswered',
      to: 'alone',
      why: 'no acceptance in time: the control plane is away or does not know us yet',
    },
    { from: ['registering', 'alone', 'fenced'], event: 'accepted', to: 'registered', why: 'a registration was answered with all tenants' },
    {
      from: ['registering', 'alone', 'registered', 'fenced'],
      event: 'fenced',
      to: 'fenced',
      why: 'an answer said that our epoch is not the newest (P-HB3)',
    },
    { from: ['starting', 'registering', 'alone', 'registered', 'fenced', 'stopped'], event: 'stop', to: 'stopped', why: 'SIGTERM' },
  ],
};

export const servesIn = (state: RegistrationState): boolean => state === 'alone' || state === 'registered';
