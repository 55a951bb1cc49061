import type { CliArguments } from './cli-arguments.js';
import type { StackStore } from './stack-store.js';

/** One command line in its context, as the verbs see it. */
export interface CommandContext {
  readonly cli: CliArguments;
  readonly directory: string;
  /** From Pulumi.yaml in the working directory. */
  readonly project: string;
  readonly stack: string;
  readonly file: StackStore;
  /** Directory of the stacks' locks; undefined where nothing is written, so nothing needs a lock. */
  readonly locks: string | undefined;
}

/** Returns the command's standard output. */
export type Verb = (context: CommandContext) => Promise<string>;
