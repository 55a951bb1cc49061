import automationErrors from '@pulumi/pulumi/automation/errors.js';
import type { CommandError } from '@pulumi/pulumi/automation/errors.js';

/**
 * What can go wrong inside the engine, as the codes that the provisioning child reports. `retry` says whether the same
 * operation may succeed later without anybody changing anything.
 */
export const engineFailures = {
  locked: { retry: true },
  cancelled: { retry: true },
  resource_failed: { retry: true },
  throttled: { retry: true },
  access_denied: { retry: false },
  capacity_insufficient: { retry: true },
  lease_lost: { retry: true },
  resource_protected: { retry: false },
  policy_refused: { retry: false },
  approval_needed: { retry: false },
  program_failed: { retry: false },
  template_unavailable: { retry: false },
  changes_found: { retry: false },
  state_unusable: { retry: false },
  state_key_refused: { retry: false },
  state_key_unavailable: { retry: true },
  engine_unavailable: { retry: false },
  unsupported: { retry: false },
} as const;
export type EngineFailureCode = keyof typeof engineFailures;

export class EngineError extends Error {
  constructor(
    readonly code: EngineFailureCode,
    message: string,
    /** For the parent: names, findings. Nothing secret. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = 'EngineError';
  }
}

export const engineError = (code: EngineFailureCode, message: string): EngineError => new EngineError(code, message);

/** The exit status with which the CLI reports any error. */
const cliErrorExit = 255;

interface CommandResultShape {
  stdout: string;
  stderr: string;
  code: number;
  err?: Error;
}

// Marked @internal in the SDK, hence not in its types: it chooses the error class by the CLI's words.
const createCommandError = (automationErrors as unknown as { createCommandError(result: CommandResultShape): CommandError })
  .createCommandError;

/** The error that the Automation API expects from a command: the SDK recognises its own classes by these texts. */
export const commandError = (stderr: string, cause?: Error, stdout = ''): CommandError => {
  const result = {
    stdout,
    stderr: `error: ${stderr}`,
    code: cliErrorExit,
    toString: () => `code: ${cliErrorExit}\n stderr: error: ${stderr}`,
  };
  const error = createCommandError(result);
  if (cause !== undefined) error.cause = cause;
  return error;
};
