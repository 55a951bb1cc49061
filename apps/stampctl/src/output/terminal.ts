import pico from 'picocolors';

/** What a stream must do; process.stdout and a test's buffer both do. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Everything the program touches of the machine around it: handed in once by main, replaced in tests. */
export interface Terminal {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborted by Ctrl-C, with an Interrupted as reason. */
  readonly interrupted: AbortSignal;
}

/** Ctrl-C. Not a failure: what was asked for goes on in the control plane. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}

export type Colours = ReturnType<typeof pico.createColors>;

/** Narrowest terminal that tables are laid out for; logs of CI systems wrap there too. */
export const plainColumns = 80;
/** Wider lines are harder to read than wrapped ones. */
const columnsMax = 160;

/** One that says it has no columns (`docker exec -t`, a serial line) can't be redrawn in place. */
export const isInteractive = (terminal: Terminal, stream: TextStream): boolean =>
  stream.isTTY === true && stream.columns !== 0 && !isSet(terminal.env.CI);

/** https://no-color.org: any non-empty NO_COLOR turns colours off; FORCE_COLOR turns them on where there is no terminal. */
export const coloursFor = (terminal: Terminal, stream: TextStream): Colours => {
  const wanted = isSet(terminal.env.FORCE_COLOR) || (isInteractive(terminal, stream) && terminal.env.TERM !== 'dumb');
  return pico.createColors(wanted && !isSet(terminal.env.NO_COLOR));
};

export const columnsOf = (stream: TextStream): number => Math.min(columnsMax, Math.max(40, stream.columns || plainColumns));

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '' && value !== '0' && value !== 'false';
