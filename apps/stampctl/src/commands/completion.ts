import { script } from '@bomb.sh/tab';
import { bashCompletion } from '../bash-completion.js';
import type { Command } from '../invocation.js';

/** The shell's completion script; it asks `stampctl complete -- …` for words at each press of the tab key. */
export const completion: Command = async ({ args, output }) => {
  const shell = args[0] ?? 'bash';
  if (shell === 'bash') return output.line(bashCompletion);
  const { log } = globalThis.console;
  const lines: string[] = [];
  globalThis.console.log = (...parts: unknown[]) => void lines.push(parts.join(' '));
  try {
    script(shell, 'stampctl', 'stampctl');
  } finally {
    globalThis.console.log = log;
  }
  output.line(lines.join('\n').trimEnd());
  await Promise.resolve();
};
