/** The command line as the Automation API writes it. */
export interface CliArguments {
  /** Words without dashes, and everything after `--`. */
  readonly words: readonly string[];
  readonly flags: ReadonlyMap<string, string>;
  /** Of `config set-all`: `--plaintext k=v` and `--secret k=v` in order. */
  readonly assignments: readonly { readonly key: string; readonly value: string; readonly secret: boolean }[];
  /** URNs of `--target`, which may be given more than once. */
  readonly targets: readonly string[];
}

/** Flags that stand alone; every other takes the next word, as with the real CLI. */
const switches = new Set([
  'yes', 'skip-preview', 'json', 'show-secrets', 'non-interactive', 'refresh', 'preview-only', 'expect-no-changes', 'path', 'diff',
  'continue-on-error', 'no-select', 'secret', 'plaintext', 'force', 'preserve-config', 'clear-pending-creates', 'suppress-outputs',
  'suppress-progress', 'debug', 'logtostderr', 'logflow', 'help', 'target-dependents', 'exclude-dependents', 'all',
]); // oxfmt-ignore

export const parseCliArguments = (args: readonly string[]): CliArguments => {
  const words: string[] = [];
  const flags = new Map<string, string>();
  const assignments: { key: string; value: string; secret: boolean }[] = [];
  const targets: string[] = [];
  const setsAll = args[0] === 'config' && args[1] === 'set-all';
  for (let i = 0; i < args.length; i += 1) {
    const word = args[i] ?? '';
    if (word === '--') {
      words.push(...args.slice(i + 1));
      break;
    }
    if (!word.startsWith('--')) {
      words.push(word);
      continue;
    }
    const [name, inline] = splitOnce(word.slice(2), '=');
    if (setsAll && (name === 'secret' || name === 'plaintext')) {
      const [key, value] = splitOnce(args[(i += 1)] ?? '', '=');
      assignments.push({ key, value: value ?? '', secret: name === 'secret' });
    } else if (name === 'target') targets.push(inline ?? args[(i += 1)] ?? '');
    else if (inline !== undefined) flags.set(name, inline);
    else flags.set(name, switches.has(name) ? 'true' : (args[(i += 1)] ?? ''));
  }
  return { words, flags, assignments, targets };
};

const splitOnce = (text: string, separator: string): readonly [string, string | undefined] => {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
};
