import type { Command } from './invocation.js';

export type Completed = 'stamps' | 'tenants' | 'jobs' | 'regions' | 'contexts';

export interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  readonly optional?: boolean;
  /** Takes all that follow; only the last one may. */
  readonly variadic?: boolean;
  readonly choices?: readonly string[];
  /** What a shell completes here, asked from the control plane. */
  readonly completes?: Completed;
}

export interface OptionSpec {
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
  /** May be given several times. */
  readonly repeats?: boolean;
}

export interface CommandSpec {
  /** "stamps ls", "jobs dead-letters ls"; a single word is a command without a noun. */
  readonly path: string;
  readonly summary: string;
  readonly args?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  /** Forms of its answer (`-o`), where it has others than every command has. */
  readonly formats?: readonly string[];
  readonly examples: readonly string[];
  /** Loaded when it runs: most of the start-up time would go into parts that this call doesn't need. */
  readonly load: () => Promise<Command>;
}
