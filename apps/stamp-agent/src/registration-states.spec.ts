import { checkTransitions } from '@lapidary/kernel/transition-table';
import { registrationTable, servesIn } from './registration-states.js';

describe('registration', () => {
  it('is a sound table', () => {
    expect(() => checkTransitions(registrationTable)).not.toThrow();
  });

  it('a fenced process comes back to serving only by being accepted', () => {
    const ways = registrationTable.transitions.filter((t) => t.from.includes('fenced') && servesIn(t.to));
    expect(ways.map((t) => t.event)).toEqual(['accepted']);
  });

  it('nothing is served before the control plane was asked, after a fence, or while stopping', () => {
    const states = Object.keys(registrationTable.states) as (keyof typeof registrationTable.states)[];
    expect(states.filter(servesIn)).toEqual(['alone', 'registered']);
  });
});
