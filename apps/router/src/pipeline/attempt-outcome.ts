import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';
import type { AttemptOutcome } from '../traffic-policy/traffic-policy.js';

/** Gateway errors speak of what is behind a door, not of one tenant's request. */
const isGatewayError = (status: number): boolean => status >= 502 && status <= 504;

/** What an attempt says about the front door. `agentSpoke`: the answer carries x-lapidary-error, which only an agent may set. */
export const attemptOutcome = (result: ForwardResult, agentSpoke: boolean): AttemptOutcome => {
  switch (result.kind) {
    case 'answered':
      return isGatewayError(result.status) || (result.status >= 500 && agentSpoke) ? 'server_error' : 'answered';
    case 'intercepted':
    case 'tunnelled':
      return 'answered';
    case 'unreachable':
      return 'unreachable';
    case 'no_answer':
      if (result.reason === 'head_timeout' || result.reason === 'deadline') return 'timeout';
      if (result.reason === 'bad_answer') return 'server_error';
      return result.reusedSocket ? 'stale_connection' : 'reset';
    case 'cut':
      return 'reset';
    case 'client_gone':
    case 'client_stalled':
      return 'client_gone';
  }
};
