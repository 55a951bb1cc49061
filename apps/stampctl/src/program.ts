import { Argument, Command as Commander, CommanderError, Option } from 'commander';
import { formatsOf, isOutput } from './answer-forms.js';
import type { ArgumentSpec, CommandSpec, OptionSpec } from './command-spec.js';
import { commandTree, globalOptions, nouns } from './command-tree.js';

export type Run = (spec: CommandSpec, args: readonly (string | undefined)[], options: Record<string, unknown>) => Promise<void>;

export interface Write {
  readonly out: (text: string) => void;
  /** Help that nobody asked for: shown when a command lacks its verb. */
  readonly err: (text: string) => void;
  readonly columns: number;
}

const introduction = [
  'Talks to a Lapidary control plane. Beside a running "npm start" nothing needs to be configured.',
  'Data goes to stdout, progress and errors to stderr.',
  'Exit codes: 0 ok, 1 error, 2 usage, 3 auth, 4 not found, 5 conflict, 6 time-out, 7 changes found, 8 queued for another region, 130 interrupted.',
].join('\n');

/** Instead of two dozen lines under each command, which would push its own options and verbs off the screen. */
const everywhere = '\nOptions of every command (-o, --region, --timeout …): stampctl --help';
/** Descriptions are wrapped beside their terms down to this width; commander's own 40 leaves lines of 120 columns on a terminal of 80. */
const minWidthToWrap = 20;

/** The commander program for the command tree. Nothing is printed or ended here: what it finds wrong is thrown. */
export const buildProgram = (run: Run, version: string, write: Write): Commander => {
  const program = new Commander('stampctl').description(introduction).version(version, '-V, --version', 'version of this command');
  // Which form an answer may have, the command says (refuseFormat).
  for (const option of globalOptions) program.addOption(isOutput(option) ? toOption(option).argParser(String) : toOption(option));
  configure(program, write);
  const groups = new Map<string, Commander>();
  for (const spec of commandTree) {
    const words = spec.path.split(' ');
    // "jobs dead-letters ls": a group within a group, made when its first command is met.
    const group = words.slice(0, -1).reduce((parent, word, i) => {
      const path = words.slice(0, i + 1).join(' ');
      const made =
        groups.get(path) ?? configure(parent.command(word).description(nouns[path] ?? ''), write).addHelpText('after', everywhere);
      groups.set(path, made);
      return made;
    }, program);
    addCommand(group, words.at(-1)!, spec, run, write);
  }
  return program;
};

const addCommand = (parent: Commander, name: string, spec: CommandSpec, run: Run, write: Write): void => {
  const command = parent.command(name).description(spec.summary);
  // Who knows other tools types "list".
  if (name === 'ls') command.alias('list');
  configure(command, write);
  for (const argument of spec.args ?? []) command.addArgument(toArgument(argument));
  for (const option of spec.options ?? []) command.addOption(toOption(option));
  command.addHelpText('after', `${everywhere}\n\nExamples:\n${spec.examples.map((e) => `  $ ${e}`).join('\n')}`);
  command.action(async (...given: unknown[]) => {
    const args = given.slice(0, spec.args?.length ?? 0).flat() as (string | undefined)[];
    const options = command.optsWithGlobals();
    refuseFormat(spec, options['output']);
    await run(spec, args, options);
  });
};

/** In commander's own words, as for a choice that it refuses itself. */
const refuseFormat = (spec: CommandSpec, asked: unknown): void => {
  const { flags } = globalOptions.find(isOutput)!;
  const allowed = formatsOf(spec);
  if (typeof asked !== 'string' || allowed.includes(asked)) return;
  const message = `error: option '${flags}' argument '${asked}' is invalid. Allowed choices are ${allowed.join(', ')}.`;
  throw new CommanderError(1, 'commander.invalidArgument', message);
};

const configure = (command: Commander, write: Write): Commander =>
  command
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureHelp({ sortSubcommands: false, helpWidth: write.columns, minWidthToWrap })
    .configureOutput({
      writeOut: write.out,
      writeErr: write.err,
      getOutHelpWidth: () => write.columns,
      outputError: () => undefined,
    });

const toArgument = (spec: ArgumentSpec): Argument => {
  const name = spec.variadic === true ? `${spec.name}...` : spec.name;
  const argument = new Argument(spec.optional ? `[${name}]` : `<${name}>`, spec.description);
  return spec.choices ? argument.choices([...spec.choices]) : argument;
};

const toOption = (spec: OptionSpec): Option => {
  const option = new Option(spec.flags, spec.description);
  if (spec.choices) option.choices([...spec.choices]);
  if (spec.repeats) option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
  return option;
};

/** Whether commander ended the run on purpose: help or version was printed. */
export const isDone = (error: unknown): boolean =>
  error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help' || error.code === 'commander.helpDisplayed');

export { CommanderError };
