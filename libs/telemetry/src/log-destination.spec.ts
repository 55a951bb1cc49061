import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** Takes nothing, ever: each write fails as on a disk that is full. */
const full = '/dev/full';

const program = (last: string): string => `
  const { createLogger } = await import(${JSON.stringify(new URL('../dist/logger.js', import.meta.url).href)});
  const logger = createLogger('test', 'info');
  for (let i = 0; i < 3_000; i += 1) logger.info({ text: 'x'.repeat(1_000) }, 'a line');
  await new Promise((resolve) => setImmediate(resolve));
  ${last}
`;

/** A process of its own whose standard output is `path`: how it ended, and what it says on the other channel. */
const run = async (source: string, path: string): Promise<{ readonly code: number | null; readonly said: string }> => {
  const out = openSync(path, 'a');
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', out, 'pipe'] });
  closeSync(out);
  const [said, [code]] = await Promise.all([text(child.stderr!), once(child, 'exit') as Promise<[number | null]>]);
  return { code, said };
};

describe('a log that cannot be written', () => {
  it('neither ends the process nor holds it up', async () => {
    expect(await run(program(`console.error('still here')`), full)).toEqual({ code: 0, said: 'still here\n' });
  });

  it('does not keep a process from its end', async () => {
    expect(await run(program(`logger.fatal('the end'); process.exit(7);`), full)).toEqual({ code: 7, said: '' });
  });
});

it('lines are there when the process ends, whichever way', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lapidary-log-'));
  try {
    await run(program(`logger.fatal('the end'); process.exit(1);`), join(folder, 'log'));
    const lines = readFileSync(join(folder, 'log'), 'utf8').trimEnd().split('\n');
    expect([lines.length, JSON.parse(lines.at(-1)!)]).toEqual([3_001, expect.objectContaining({ msg: 'the end', level: 'fatal' })]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
