import { EventEmitter, once } from 'node:events';
import { toAppError } from '@lapidary/kernel/app-error';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { harmless } from './harmless.js';
import { renderProblem, toProblem } from './problem.js';
import { coloursFor, columnsOf, isInteractive, type Colours, type Terminal } from './terminal.js';

export const formats = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type Format = (typeof formats)[number];

/** A result in each of its forms; a form is only computed when it is asked for. */
export interface Result {
  readonly data: unknown;
  readonly name: string | readonly string[];
  readonly table: (view: View) => string | Promise<string>;
}

/** What a table needs to know of where it will stand. */
export interface View {
  readonly wide: boolean;
  readonly columns: number;
  readonly colours: Colours;
  readonly nowMs: number;
}

/**
 * The only writer to stdout and stderr. Data goes to stdout in the format that was asked for; progress, notes and errors
 * go to stderr, so that `stampctl … -o json | jq` sees data and nothing else.
 */
export class Output {
  readonly colours: Colours;
  /** Whether progress may be redrawn in place. */
  readonly interactive: boolean;

  constructor(
    readonly terminal: Terminal,
    readonly format: Format,
    readonly verbose: boolean,
  ) {
    this.colours = coloursFor(terminal, terminal.stderr);
    this.interactive = isInteractive(terminal, terminal.stderr) && (format === 'table' || format === 'wide');
  }

  async result(result: Result): Promise<void> {
    const { stdout } = this.terminal;
    const view = {
      wide: this.format === 'wide',
      columns: columnsOf(stdout),
      colours: coloursFor(this.terminal, stdout),
      nowMs: Date.now(),
    };
    const text = this.isHuman
      ? await result.table(view)
      : this.format === 'name'
        ? [result.name].flat().join('\n')
        : await this.serialise(result.data);
    if (text !== '') this.terminal.stdout.write(`${this.isHuman ? harmless(text) : this.shown(text)}\n`);
  }

  /** One of many results as it comes: a JSON line, a YAML document, or a line of text. */
  async item(result: Result): Promise<void> {
    if (this.format === 'json') return this.line(JSON.stringify(result.data));
    if (this.format === 'yaml') this.line('---');
    await this.result(result);
  }

  /** Text that is the data itself, whatever the format: a completion script. */
  line(text: string): void {
    this.terminal.stdout.write(`${this.shown(text)}\n`);
  }

  /** A part of the data, of as many as there are: goes on once a reader that is slower than we are has taken it. */
  async text(part: string): Promise<void> {
    const { stdout } = this.terminal;
    if (stdout.write(this.shown(part)) === false && stdout instanceof EventEmitter) await once(stdout, 'drain');
  }

  note(text: string): void {
    this.terminal.stderr.write(`${harmless(text)}\n`);
  }

  /** Advice for people; scripts that asked for a machine format are spared. */
  hint(text: string): void {
    if (this.isHuman) this.note(this.colours.dim(text));
  }

  warn(text: string): void {
    this.note(`${this.colours.yellow('warning:')} ${text}`);
  }

  /** Prints the error in the chosen format and gives the exit code it stands for. */
  async fail(thrown: unknown): Promise<number> {
    const error = toAppError(thrown);
    this.note(
      this.isHuman || this.format === 'name' ? renderProblem(error, this.colours, this.verbose) : await this.serialise(toProblem(error)),
    );
    return error.entry.exit === exitCodes.ok ? exitCodes.error : error.entry.exit;
  }

  /** A file or a program gets data as it is. */
  private shown(text: string): string {
    return this.terminal.stdout.isTTY === true ? harmless(text) : text;
  }

  get isHuman(): boolean {
    return this.format === 'table' || this.format === 'wide';
  }

  private async serialise(data: unknown): Promise<string> {
    if (this.format === 'json') return JSON.stringify(data, null, 2);
    const { stringify } = await import('yaml');
    return stringify(data).trimEnd();
  }
}
