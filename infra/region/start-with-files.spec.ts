import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startWithFiles } from './start-with-files.js';

test('each secret is in its file, for nobody else to read, and in no variable of the program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lapidary-start-'));
  try {
    const script = join(folder, 'program.cjs');
    writeFileSync(script, 'process.stdout.write(JSON.stringify([process.env.KEY, process.env.PREVIOUS_KEY].map(String)));');
    const [key, previous] = [join(folder, 'key'), join(folder, 'previous')];
    const env = { KEY: 'a "quoted" $key', PREVIOUS_KEY: 'before', PATH: `${dirname(process.execPath)}:${process.env['PATH']}` };
    const said = execFileSync('sh', ['-c', startWithFiles({ KEY: key, PREVIOUS_KEY: previous }, script)], { env, encoding: 'utf8' });
    expect(JSON.parse(said)).toEqual(['undefined', 'undefined']);
    expect([key, previous].map((file) => [readFileSync(file, 'utf8'), statSync(file).mode & 0o777])).toEqual([
      [env.KEY, 0o600],
      ['before', 0o600],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
