import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';
import type { ErrorCode } from '@lapidary/kernel/error-catalogue';
import type { AttemptOutcome } from '../traffic-policy/traffic-policy.js';

/** What the agent answers where its workload takes no connections, for any tenant's requests; its other errors are of the one request. */
const workloadIsDown: ErrorCode = 'stamp_unavailable';

/** Gateway errors may speak of what is behind a door, and as well of what one tenant has the workload do. */
const isGatewayError = (status: number): boolean => status >= 502 && status <= 504;

/** What an attempt says about the front door. `agentCode`: x-lapidary-error of the answer, which only an agent may set; '': it has none. */
export const attemptOutcome = (result: ForwardResult, agentCode: string): AttemptOutcome => {
  switch (result.kind) {
    case 'answered':
      if (result.status >= 500 && agentCode === workloadIsDown) return 'server_error';
      return isGatewayError(result.status) || (result.status >= 500 && agentCode !== '') ? 'request_error' : 'answered';
    case 'intercepted':
    case 'tunnelled':
      return 'answered';
    case 'unreachable':
      return 'unreachable';
    case 'no_answer':
      if (result.reason === 'head_timeout' || result.reason === 'deadline') return 'timeout';
      if (result.reason === 'bad_answer') return 'request_error';
      return result.reusedSocket ? 'stale_connection' : 'reset';
    case 'cut':
      return 'cut';
    case 'client_gone':
    case 'client_stalled':
      return 'client_gone';
  }
};
