import type { CliArguments } from './cli-arguments.js';
import type { StateFile } from './state-file.js';

/** One command line in its context, as the verbs see it. */
export interface CommandContext {
  readonly cli: CliArguments;
  readonly directory: string;
  /** From Pulumi.yaml in the working directory. */
  readonly project: string;
  readonly stack: string;
  readonly file: StateFile;
  /** Directory of the stacks' locks. */
  readonly locks: string;
}

/** Returns the command's standard output. */
export type Verb = (context: CommandContext) => Promise<string>;
