import { CommandError, ConcurrentUpdateError } from '@pulumi/pulumi/automation/errors.js';
import type { ProvisionerMessage } from '@lapidary/contracts/provisioner-protocol';
import { cloudFailureCodeOf } from './cloud-failure.js';
import { EngineError, engineFailures } from './engine-error.js';

export type ProvisionerFailure = Extract<ProvisionerMessage, { type: 'failure' }>;

/** Of the real CLI's output: the lines that say what went wrong. Its first lines are progress. */
const errorLines = (text: string): string =>
  text
    .split('\n')
    .flatMap((line) => /\berror: .*/i.exec(line)?.[0].trim() ?? [])
    .join('; ');

const failure = (code: ProvisionerFailure['code'], message: string, retry: boolean, details = {}): ProvisionerFailure => ({
  type: 'failure',
  code,
  message,
  retry,
  details,
});

/**
 * Anything an operation throws, as the message for the parent. The embedded engine's errors carry their code as cause; of
 * the real CLI only the SDK's error class and the text are known.
 */
export const failureOf = (error: unknown, cancelled: boolean, scrub: (text: string) => string): ProvisionerFailure => {
  const known =
    error instanceof EngineError ? error : error instanceof Error && error.cause instanceof EngineError ? error.cause : undefined;
  if (known !== undefined) return failure(known.code, scrub(known.message), engineFailures[known.code].retry, known.details);
  if (error instanceof ConcurrentUpdateError) return failure('locked', 'another operation on this stack is under way', true);
  if (cancelled) return failure('cancelled', 'the operation was cancelled; what was done is saved', true);
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof CommandError) {
    const code = cloudFailureCodeOf(text) ?? 'resource_failed';
    return failure(code, scrub(errorLines(text) || text), engineFailures[code].retry);
  }
  return failure('program_failed', scrub(text), false);
};
