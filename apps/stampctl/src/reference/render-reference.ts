import type { Argument, Command, Option } from 'commander';
import { errorCatalogue, exitCodes } from '@lapidary/kernel/error-catalogue';
import { commandTree, nouns } from '../command-tree.js';
import { buildProgram } from '../program.js';

/** docs/reference/stampctl.md, from the very commander tree that runs. */
export const renderReference = (): string => {
  const program = buildProgram(() => Promise.resolve(), '0.0.0', { out: () => undefined, err: () => undefined, columns: 100 });
  const leaves = commandTree.map((spec) => ({ spec, command: find(program, spec.path) }));
  const lines = [
    '# stampctl',
    '',
    'Generated from the command tree (`apps/stampctl/src/command-tree.ts`); do not edit.',
    '',
    program.description(),
    '',
    '## Which control plane',
    '',
    'What is said most directly wins: `--server`, `--context`, `STAMPCTL_SERVER`, `STAMPCTL_CONTEXT`, the current context, and at last the',
    'running `npm start` around the working directory (`.lapidary/run.json`). The token: `--token`, `STAMPCTL_TOKEN`, then the one that',
    'belongs to where the server was found. Contexts stand in `$XDG_CONFIG_HOME/stampctl/contexts.json`, readable by their owner only.',
    '',
    '## Options of every command',
    '',
    ...optionTable(program.options),
    '',
    '## Exit codes',
    '',
    '| Code | Means | Errors |',
    '| --- | --- | --- |',
    ...exitRows(),
    '',
    '## Commands',
    '',
    ...leaves.flatMap(({ spec, command }) => section(spec.path, spec.examples, command)),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
};

const find = (program: Command, path: string): Command => {
  const command = path.split(' ').reduce<Command | undefined>((at, name) => at?.commands.find((c) => c.name() === name), program);
  if (!command) throw new Error(`the program has no command ${path}`);
  return command;
};

const section = (path: string, examples: readonly string[], command: Command): string[] => {
  const noun = path.split(' ').slice(0, -1).join(' ');
  const isFirst = noun !== '' && commandTree.find((s) => s.path.slice(0, s.path.lastIndexOf(' ')) === noun)?.path === path;
  const heading = isFirst ? [`### ${noun}`, '', `${nouns[noun] ?? ''}.`, ''] : [];
  const nameOf = (a: (typeof command.registeredArguments)[number]): string => (a.variadic ? `${a.name()}...` : a.name());
  const args = command.registeredArguments.map((a) => (a.required ? `<${nameOf(a)}>` : `[${nameOf(a)}]`)).join(' ');
  const usage = `stampctl ${path}${args === '' ? '' : ` ${args}`}`;
  return [
    ...heading,
    `#### \`${usage}\``,
    '',
    `${command.description()}.`,
    '',
    ...(command.registeredArguments.length > 0 ? [...argumentTable(command.registeredArguments), ''] : []),
    ...(command.options.length > 0 ? [...optionTable(command.options), ''] : []),
    '```',
    ...examples,
    '```',
    '',
  ];
};

const cell = (text: string): string => text.replaceAll('|', '\\|');
const choicesOf = (of: { argChoices?: readonly string[] | undefined }): string => (of.argChoices ? `: ${of.argChoices.join(', ')}` : '');

const argumentTable = (list: readonly Argument[]): string[] => [
  '| Argument | |',
  '| --- | --- |',
  ...list.map((a) => `| \`${a.name()}\` | ${cell(`${a.description}${choicesOf(a)}`)} |`),
];

const optionTable = (list: readonly Option[]): string[] => [
  '| Option | |',
  '| --- | --- |',
  ...list.map((o) => `| \`${cell(o.flags)}\` | ${cell(`${o.description}${choicesOf(o)}`)} |`),
];

const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'done',
  error: 'it failed',
  usage: 'the command or its input is wrong; nothing was changed',
  auth: 'no valid credentials, or not allowed',
  notFound: 'there is no such thing',
  conflict: 'it conflicts with the present state or with somebody else',
  timeout: 'it took too long; the work may still finish',
  changes: 'changes or drift were found',
  queued: 'accepted, but not done yet: the region that owns it cannot be reached, and it waits as an intent',
};

const exitRows = (): string[] => {
  const rows = (Object.keys(exitCodes) as (keyof typeof exitCodes)[]).map((name) => {
    const codes = Object.entries(errorCatalogue).filter(([, entry]) => entry.exit === exitCodes[name]);
    return `| ${exitCodes[name]} | ${meanings[name]} | ${codes.map(([code]) => `\`${code}\``).join(', ')} |`;
  });
  return [...rows, '| 130 | interrupted by Ctrl-C; a job that was being watched goes on | |'];
};
