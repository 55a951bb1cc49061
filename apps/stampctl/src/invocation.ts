import type { z } from 'zod';
import type { IntentView } from '@lapidary/contracts/api/intents';
import { AppError } from '@lapidary/kernel/app-error';
import { Api } from './client/api.js';
import { HttpClient } from './client/http-client.js';
import type { QueueChoice } from './client/queued-intent.js';
import { clientVersion } from './context/client-version.js';
import { parseDurationMs } from './context/duration.js';
import { resolveTarget, type Target, type TargetOptions } from './context/resolve-target.js';
import type { Output } from './output/output.js';

export interface GlobalOptions extends TargetOptions {
  readonly timeout?: string;
  readonly yes?: boolean;
  readonly verbose?: boolean;
  readonly ifUnreachable?: 'queue' | 'refuse';
  readonly expiresIn?: string;
  readonly waitForRegion?: boolean;
}

/** One call of stampctl, as a command sees it. */
export class Invocation {
  private readonly deadline = new AbortController();
  private readonly timer: NodeJS.Timeout | undefined;
  /** Ctrl-C and --timeout. */
  readonly signal: AbortSignal;

  constructor(
    readonly args: readonly (string | undefined)[],
    readonly options: GlobalOptions & Readonly<Record<string, unknown>>,
    readonly output: Output,
  ) {
    this.signal = AbortSignal.any([this.deadline.signal, output.terminal.interrupted]);
    if (options.timeout !== undefined) {
      const ms = parseDurationMs(options.timeout);
      this.timer = setTimeout(() => this.deadline.abort(new AppError('timeout', `Gave up after ${options.timeout ?? ''}`)), ms);
    }
  }

  target(): Target {
    const { env, cwd } = this.output.terminal;
    return resolveTarget(this.options, env, cwd);
  }

  connect(target: Target = this.target()): Api {
    const again = (): Promise<Target | null> => Promise.resolve(target.source === 'run file' ? this.target() : null);
    const onRepeat = ({ message }: AppError): void => this.output.hint(`${message}; asking again …`);
    return new Api(new HttpClient(target, this.signal, `stampctl/${clientVersion()}`, again, this.queueChoice(), onRepeat));
  }

  private queueChoice(): QueueChoice {
    const { ifUnreachable, expiresIn, waitForRegion } = this.options;
    let told = false;
    const onQueued = ({ id, owner, expiresAt }: IntentView): void => {
      if (waitForRegion && !told)
        this.output.note(`Region ${owner} cannot be reached: waiting as intent ${id} until ${expiresAt}. Ctrl-C only stops waiting.`);
      told = true;
    };
    return { ifUnreachable, waitForRegion, onQueued, ...(expiresIn === undefined ? {} : { expiresInMs: parseDurationMs(expiresIn) }) };
  }

  /** Arguments and options through the command's schema: what a person typed is checked before anything is sent. */
  parse<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const fields = result.error.issues.map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message }));
    throw new AppError('invalid_input', 'The input is not valid', {
      fields,
      details: { check: 'Correct what is listed above; nothing was sent.' },
    });
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

/** What a command file exports; the number is the exit code, 0 where nothing is returned. */
export type Command = (invocation: Invocation) => Promise<number | void>;
