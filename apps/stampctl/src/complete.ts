import tab, { type Command as TabCommand } from '@bomb.sh/tab';
import type { Command as Commander } from 'commander';
import { formatsOf, isOutput } from './answer-forms.js';
import type { Completed, OptionSpec } from './command-spec.js';
import { commandTree, globalOptions, nouns } from './command-tree.js';
import type { Api } from './client/api.js';
import { readContextFile } from './context/context-file.js';
import { Invocation } from './invocation.js';
import { Output } from './output/output.js';
import type { Terminal } from './output/terminal.js';

/** Somebody waits with a finger on the tab key: names that take longer are seldom worth having. Who is far from the control plane may wait longer. */
const namesTimeoutOf = ({ env }: Terminal): string => env.STAMPCTL_COMPLETION_TIMEOUT || '400ms';
/** A shell shows no more than that usefully. */
const namesMax = 200;

/** Answers a shell's question ("complete -- stamps show eu-") with words and descriptions, names of the fleet among them. */
export const complete = async (_program: Commander, argv: readonly string[], terminal: Terminal): Promise<number> => {
  const separator = argv.indexOf('--');
  const words = separator === -1 ? argv.slice(1) : argv.slice(separator + 1);
  const names = await namesFor(words, terminal);
  for (const [noun, description] of Object.entries(nouns)) tab.command(noun, description);
  for (const option of globalOptions) addOption(tab, option);
  for (const spec of commandTree) {
    const command = tab.command(spec.path, spec.summary);
    for (const option of [...(spec.options ?? []), ...globalOptions])
      addOption(command, isOutput(option) ? { ...option, choices: formatsOf(spec) } : option);
    for (const argument of spec.args ?? []) {
      const offered = argument.choices ?? (argument.completes ? names : []);
      command.argument(argument.name, (offer) => offered.forEach((name) => offer(name, '')));
    }
  }
  await captured(terminal, () => tab.parse([...words]));
  return 0;
};

const addOption = (command: TabCommand, spec: OptionSpec): void => {
  const long = /--([a-z-]+)/.exec(spec.flags)?.[1] ?? '';
  const short = /^-([a-zA-Z]),/.exec(spec.flags)?.[1];
  if (!spec.flags.includes('<')) command.option(long, spec.description, short);
  else command.option(long, spec.description, (offer) => (spec.choices ?? []).forEach((choice) => offer(choice, '')), short);
};

/** The names that fit the command on the line; none where nobody answers in time. */
const namesFor = async (words: readonly string[], terminal: Terminal): Promise<string[]> => {
  const plain = words.filter((w) => !w.startsWith('-'));
  const spec =
    [3, 2].map((n) => commandTree.find((s) => s.path === plain.slice(0, n).join(' '))).find((s) => s) ??
    commandTree.find((s) => s.path === plain[0]);
  const wanted = spec?.args?.find((a) => a.completes)?.completes;
  if (!wanted) return [];
  if (wanted === 'contexts') return Object.keys(readContextFile(terminal.env).contexts);
  let invocation: Invocation | undefined;
  try {
    invocation = new Invocation([], { timeout: namesTimeoutOf(terminal) }, new Output(terminal, 'name', false));
    return await ask(invocation.connect(), wanted);
  } catch {
    return [];
  } finally {
    invocation?.end();
  }
};

const ask = async (api: Api, wanted: Exclude<Completed, 'contexts'>): Promise<string[]> => {
  switch (wanted) {
    case 'stamps':
      return (await api.stamps({}, namesMax)).items.map((s) => s.name);
    case 'tenants':
      return (await api.tenants({}, namesMax)).items.map((t) => t.id);
    case 'jobs':
      return (await api.jobs({}, namesMax)).items.map((j) => j.id);
    case 'regions':
      return (await api.regions()).map((r) => r.name);
  }
};

/** The completion library prints with console.log; its words go where all our data goes. */
const captured = async (terminal: Terminal, print: () => void): Promise<void> => {
  const { log } = globalThis.console;
  const lines: string[] = [];
  globalThis.console.log = (...parts: unknown[]) => void lines.push(parts.join(' '));
  try {
    print();
  } finally {
    globalThis.console.log = log;
  }
  terminal.stdout.write(lines.map((line) => `${line}\n`).join(''));
  await Promise.resolve();
};
