import { setTimeout as sleep } from 'node:timers/promises';
import type { ProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import { backOffMs } from '@lapidary/kernel/back-off';
import type { StepContext } from '../jobs/job-definition.js';
import { childRetryFirstMs, childRetryMaxMs, childTriesMax, lockWaitMs } from './provision-limits.js';
import { childFailureOf, runProvisioner, type ProvisionProgress, type ProvisionResult } from './provisioner-child.js';

export interface ApplyOptions {
  readonly script: string;
  readonly cwd: string;
  readonly run: ProvisionRun;
  readonly signal: AbortSignal;
  /** Ends the child by force. */
  readonly kill?: AbortSignal;
  readonly report: StepContext['report'];
  /** How many resources are dealt with, those that stay as they are too. */
  readonly onCount?: (done: number) => void;
  readonly runChild?: typeof runProvisioner;
  readonly lockWaitMs?: number;
  readonly retryFirstMs?: number;
}

/**
 * Runs the provisioning child until it has done its work. The engine's state makes that idempotent (I8): a child that crashed
 * or was killed is followed by one that finds what is there. Who waits for the lock of a dying predecessor is not failing.
 */
export const applySpec = async (options: ApplyOptions): Promise<ProvisionResult> => {
  const { script, cwd, run, signal, kill, report } = options;
  const runChild = options.runChild ?? runProvisioner;
  const lockDeadline = Date.now() + (options.lockWaitMs ?? lockWaitMs);
  for (let tries = 1, waits = 0; ;) {
    try {
      let done = 0;
      const onProgress = (message: ProvisionProgress): void => {
        if (message.type === 'resource' && message.status === 'done') options.onCount?.(++done);
        relay(report, message);
      };
      return await runChild({ script, cwd, run, signal, ...(kill ? { kill } : {}), onProgress });
    } catch (error) {
      const failure = childFailureOf(error);
      if (!failure?.retry || signal.aborted) throw error;
      const isLocked = failure.kind === 'locked';
      if (isLocked ? Date.now() > lockDeadline : ++tries > childTriesMax) throw error;
      const message = error instanceof Error ? error.message : String(error);
      if (!isLocked || waits === 0) report('warning', `${message}; trying again`);
      await sleep(backOffMs(isLocked ? waits++ : tries, options.retryFirstMs ?? childRetryFirstMs, childRetryMaxMs), undefined, {
        signal,
      }).catch(() => signal.throwIfAborted());
    }
  }
};

const relay = (report: StepContext['report'], message: ProvisionProgress): void => {
  if (message.type === 'log') return report(message.level, message.message);
  // What stays as it is need not be announced before it is looked at.
  if (message.status === 'started' && (message.op === 'same' || message.op === 'read')) return;
  const { op, resourceType, name, status, changed } = message;
  const what = changed.length === 0 ? '' : ` (${changed.join(', ')})`;
  report(status === 'failed' ? 'error' : 'info', `${op} ${resourceType} ${name}${what}: ${status}`, { op, resourceType, name, status });
};
