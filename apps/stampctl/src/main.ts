import { AppError } from '@lapidary/kernel/app-error';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { commandTree } from './command-tree.js';
import { clientVersion } from './context/client-version.js';
import { Invocation } from './invocation.js';
import { Output, formats, type Format } from './output/output.js';
import { columnsOf, Interrupted, type Terminal } from './output/terminal.js';
import { buildProgram, CommanderError, isDone, type Run } from './program.js';

/** What shells report for a program that Ctrl-C ended: 128 + SIGINT. */
const interruptedExitCode = 130;

/** Runs one command line and gives its exit code. */
export const stampctl = async (argv: readonly string[], terminal: Terminal): Promise<number> => {
  let exitCode: number = exitCodes.ok;
  const run: Run = async (spec, args, options) => {
    const output = new Output(terminal, formatOf(options.output), options.verbose === true);
    try {
      const invocation = new Invocation(args, options, output);
      try {
        exitCode = (await (await spec.load())(invocation)) ?? exitCodes.ok;
      } finally {
        invocation.end();
      }
    } catch (error) {
      exitCode = isInterrupted(error, terminal) ? interruptedExitCode : await output.fail(error);
    }
  };
  const program = buildProgram(run, clientVersion(), {
    out: (text) => void terminal.stdout.write(text),
    err: (text) => void terminal.stderr.write(text),
    columns: columnsOf(terminal.stdout),
  });
  if (argv[0] === 'complete') {
    const { complete } = await import('./complete.js');
    return complete(program, argv, terminal);
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (isDone(error)) return wasAskedFor(argv) ? exitCodes.ok : exitCodes.usage;
    exitCode = await new Output(terminal, formatIn(argv), argv.includes('-v') || argv.includes('--verbose')).fail(asUsage(error, argv));
  }
  return exitCode;
};

/** Entry point of bin/stampctl.js: the program on the real process. */
export const main = async (host: NodeJS.Process): Promise<void> => {
  const interrupted = new AbortController();
  let interrupts = 0;
  host.on('SIGINT', () => {
    interrupts += 1;
    if (interrupts > 1) host.exit(interruptedExitCode);
    interrupted.abort(new Interrupted());
  });
  // `stampctl … | head` closes our stdout early; that is no failure.
  host.stdout.on('error', (error: NodeJS.ErrnoException) => host.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.error));
  const { stdout, stderr, stdin, env } = host;
  host.exitCode = await stampctl(host.argv.slice(2), { stdout, stderr, stdin, env, cwd: host.cwd(), interrupted: interrupted.signal });
  // Idle keep-alive connections must not keep a finished command alive; pending output is flushed first.
  await Promise.all([flushed(stdout), flushed(stderr)]);
  host.exit();
};

const flushed = (stream: NodeJS.WriteStream): Promise<void> => new Promise((done) => void stream.write('', () => done()));

const isInterrupted = (error: unknown, terminal: Terminal): boolean =>
  error instanceof Interrupted || (terminal.interrupted.aborted && error instanceof Error && error.name === 'AbortError');

const formatOf = (value: unknown): Format => formats.find((f) => f === value) ?? 'table';

/** The format that was asked for on a command line that commander could not read. */
const formatIn = (argv: readonly string[]): Format => {
  const at = argv.findIndex((a) => a === '-o' || a === '--output');
  const value = at === -1 ? argv.find((a) => /^(--output=|-o)./.test(a))?.replace(/^(--output=|-o=?)/, '') : argv[at + 1];
  return formatOf(value);
};

/** Help that was asked for is an answer; help in place of a missing verb is a usage error. */
const wasAskedFor = (argv: readonly string[]): boolean =>
  argv.some((a) => a === '--help' || a === '-h' || a === 'help' || a === '--version' || a === '-V');

/** commander's own complaint as a usage error, with its suggestion ("Did you mean stamps?") kept. */
const asUsage = (error: unknown, argv: readonly string[]): unknown => {
  if (!(error instanceof CommanderError)) return error;
  const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  return new AppError('usage', message, { details: { check: `See "stampctl ${[...commandIn(argv), '--help'].join(' ')}".` } });
};

/** The words of the command or group that was meant: the longest of the tree that stands in the line, wherever options are before it. */
const commandIn = (argv: readonly string[]): readonly string[] => {
  const words = argv.filter((word) => !word.startsWith('-'));
  const paths = new Set(commandTree.flatMap(({ path }) => path.split(' ').map((_, i, all) => all.slice(0, i + 1).join(' '))));
  const runs = words.flatMap((_, from) => words.slice(from).map((__, i) => words.slice(from, from + i + 1)));
  return runs.filter((run) => paths.has(run.join(' '))).sort((a, b) => b.length - a.length)[0] ?? [];
};
