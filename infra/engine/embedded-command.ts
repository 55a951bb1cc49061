import type { PulumiCommand } from '@pulumi/pulumi/automation/cmd.js';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse as parseSemver, type SemVer } from 'semver';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { parseCliArguments, type CliArguments } from './cli-arguments.js';
import type { CommandContext, Verb } from './command-context.js';
import { configVerbs } from './config-verbs.js';
import type { Deployment } from './deployment.js';
import { commandError, engineError, EngineError } from './engine-error.js';
import { runOperation, type OperationKind } from './operation.js';
import type { PolicyGuard } from './policy-guard.js';
import type { ProviderFactory } from './resource-provider.js';
import { runProgram } from './run-program.js';
import type { StateKeySettings } from './secrets/state-keys.js';
import { ScratchStore, type StackStore } from './stack-store.js';
import { stackVerbs } from './stack-verbs.js';
import { StateFile } from './state-file.js';
import { StateLock } from './state-lock.js';

/** The CLI whose verbs are answered here; the SDK chooses its protocol by it. Pinned with @pulumi/pulumi. */
export const emulatedVersion = '3.270.0';
/** Resources worked on at once; Pulumi's own default is four per core. */
const parallelDefault = 16;

export interface EmbeddedEngineOptions {
  /** One state file per stack. */
  readonly directory: string;
  readonly keys: StateKeySettings;
  readonly providers: Readonly<Record<string, ProviderFactory>>;
  readonly policies?: PolicyGuard;
  /** Token of the lease that this process works under. */
  readonly fence?: number | undefined;
  /** For previews and drift: nothing reaches the disk. */
  readonly readOnly?: boolean;
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

const operations: ReadonlySet<string> = new Set<OperationKind>(['up', 'preview', 'refresh', 'destroy']);
const ProjectFileSchema = z.object({ name: z.string().min(1) });

/**
 * Stands where the Automation API expects the `pulumi` program, so that the same code runs with the embedded engine and
 * with the real CLI (docs/adr/0002-embedded-pulumi-engine.md).
 */
export class EmbeddedPulumiCommand {
  readonly command = 'embedded';
  readonly version: SemVer | null = parseSemver(emulatedVersion);

  private readonly scratch = new Map<string, StackStore>();

  constructor(private readonly options: EmbeddedEngineOptions) {}

  /** The SDK's class has a private constructor and an @internal `run`, hence the cast; a test runs every verb through it. */
  asPulumiCommand(): PulumiCommand {
    return this as unknown as PulumiCommand;
  }

  async run(
    args: readonly string[],
    cwd: string,
    _env: Readonly<Record<string, string>>,
    onOutput?: (text: string) => void,
    _onError?: (text: string) => void,
    signal?: AbortSignal,
  ): Promise<CommandResult> {
    try {
      const stdout = await this.dispatch(await this.contextOf(parseCliArguments(args), cwd), onOutput, signal);
      return { stdout, stderr: '', code: 0 };
    } catch (error) {
      if (error instanceof EngineError) throw commandError(error.message, error);
      throw error;
    }
  }

  private async contextOf(cli: CliArguments, cwd: string): Promise<CommandContext> {
    const { directory, readOnly } = this.options;
    const named = cli.flags.get('stack') ?? cli.words[2] ?? '';
    // `organization/project/stack` and `stack` are the same here: there is one organisation and one project.
    const stack = named.split('/').at(-1) ?? '';
    const project = await projectIn(cwd);
    return { cli, directory, project, stack, file: this.storeOf(stack), locks: readOnly === true ? undefined : join(directory, 'locks') };
  }

  /** Read afresh by every command, but for what only lives in memory. */
  private storeOf(stack: string): StackStore {
    const file = new StateFile(this.options.directory, stack, this.options.keys, this.options.fence);
    if (this.options.readOnly !== true) return file;
    const store = this.scratch.get(stack) ?? new ScratchStore(file);
    this.scratch.set(stack, store);
    return store;
  }

  private dispatch(context: CommandContext, onOutput?: (text: string) => void, signal?: AbortSignal): Promise<string> {
    const [first = '', second = ''] = context.cli.words;
    if (operations.has(first)) return this.operate(first as OperationKind, context, onOutput, signal);
    const verb = verbs[`${first} ${second}`.trim()] ?? verbs[first];
    if (verb === undefined) throw engineError('unsupported', `the embedded engine has no command "${context.cli.words.join(' ')}"`);
    return verb(context);
  }

  private operate(kind: OperationKind, context: CommandContext, onOutput?: (text: string) => void, signal?: AbortSignal): Promise<string> {
    const { flags, targets } = context.cli;
    if (targets.length > 0 && kind !== 'up') throw engineError('unsupported', `the embedded engine knows --target with "up" only`);
    const unsupported = ['exclude', 'replace', 'policy-pack', 'plan', 'remote'].find((flag) => flags.has(flag));
    if (unsupported !== undefined) throw engineError('unsupported', `the embedded engine does not know --${unsupported}`);
    return runOperation({
      kind,
      dryRun: kind === 'preview' || flags.has('preview-only'),
      stack: context.stack,
      project: context.project,
      file: context.file,
      locks: context.locks,
      providers: this.options.providers,
      policies: this.options.policies,
      runProgram: (d) => runInline(d, context, flags),
      eventTarget: flags.get('event-log'),
      refreshFirst: flags.get('refresh') === 'true',
      expectNoChanges: flags.has('expect-no-changes'),
      targets,
      message: flags.get('message') ?? '',
      onOutput,
      signal,
    });
  }
}

const runInline = async (d: Deployment, { project, stack }: CommandContext, flags: ReadonlyMap<string, string>): Promise<void> => {
  const client = flags.get('client');
  if (client === undefined) throw engineError('unsupported', 'the embedded engine runs inline programs only');
  await runProgram(d, { project, stack, client, parallel: Number(flags.get('parallel') ?? parallelDefault) });
};

const verbs: Readonly<Record<string, Verb>> = {
  ...stackVerbs,
  ...configVerbs,
  version: () => Promise.resolve(`v${emulatedVersion}`),
  whoami: (c) => Promise.resolve(c.cli.flags.has('json') ? JSON.stringify({ user: 'embedded', url: `file://${c.directory}` }) : 'embedded'),
  cancel: async (c) => {
    if (c.locks !== undefined) await StateLock.refuseWhileHeld(c.locks, c.stack);
    return '';
  },
};

const projectIn = async (cwd: string): Promise<string> => {
  const text = await readFile(join(cwd, 'Pulumi.yaml'), 'utf8').catch(() => '');
  const project = ProjectFileSchema.safeParse(parseYaml(text));
  if (!project.success) throw engineError('unsupported', `there is no Pulumi.yaml with a name in ${cwd}`);
  return project.data.name;
};
