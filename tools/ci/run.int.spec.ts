import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { identify, stillRuns } from '@lapidary/kernel/process-identity';
import { waitFor } from '@lapidary/kernel/wait-for';

const root = path.resolve(import.meta.dirname, '../..');
const patience = { timeoutMs: 60_000 };

/**
 * For npm: leaves the report and ends with the code that the folder has for what was asked, and writes down how nice it was. Of its files
 * `<what>.hangs` makes it stay; the real npm would run everything.
 */
const npm = (folder: string): string => `#!/usr/bin/env bash
cd ${folder}
case "$*" in
  *build*) what=build ;; *check:static*) what=static ;; *test:unit*) what=unit ;; *--runTestsByPath*) what=second; echo "$*" > asked ;; *) what=fleets ;;
esac
ps -o ni= -p $$ > $what.niceness
[ -e $what.report ] && cp $what.report "$LAPIDARY_TEST_REPORT"
if [ -e $what.hangs ]; then echo $$ > $what.pid; exec sleep 600; fi
exit $(cat $what.exit 2>/dev/null || echo 0)
`;

let folder: string;
let run: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lapidary-ci-'));
  for (const [name, content] of [
    ['npm', npm(folder)],
    // So that none is installed.
    ['chromium', ''],
  ] as const) {
    await writeFile(path.join(folder, name), content);
    await chmod(path.join(folder, name), 0o755);
  }
});
afterEach(async () => {
  run?.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

const start = (out: 'pipe' | number = 'pipe', err: 'ignore' | number = 'ignore'): ChildProcess => {
  run = spawn(path.join(root, '.ci/run'), [], {
    env: { ...process.env, PATH: `${folder}:${process.env['PATH']}` },
    stdio: ['ignore', out, err],
  });
  return run;
};
const ends = async (): Promise<{ lastLine: string | undefined; code: number; output: string }> => {
  const child = start();
  const ended = once(child, 'exit');
  const output = await text(child.stdout!);
  const [code] = (await ended) as [number];
  return { lastLine: output.trimEnd().split('\n').at(-1), code, output };
};
const report = (what: string, passed: number, files: readonly string[] = []): Promise<void> =>
  writeFile(
    path.join(folder, `${what}.report`),
    JSON.stringify({ passed, failed: files.length, files: files.map((file) => ({ file, passed: 2, failed: 1, names: ['a test'] })) }),
  );
const fails = (what: string): Promise<void> => writeFile(path.join(folder, `${what}.exit`), '1');
const noticed = async (file: string): Promise<string> => (await readFile(path.join(folder, file), 'utf8')).trim();

describe('the run of CI', () => {
  it('counts both lanes and the static checks as one, and lets what computes stand behind servers and fleets', async () => {
    await report('unit', 60);
    await report('fleets', 40);
    expect(await ends()).toMatchObject({ lastLine: '101 passed, 0 failed', code: 0 });
    const [fleets, unit, checks] = await Promise.all(['fleets', 'unit', 'static'].map((what) => noticed(`${what}.niceness`)));
    expect(Number(unit)).toBeGreaterThan(Number(fleets));
    expect(checks).toBe(unit);
  });

  it.each(['static', 'unit', 'fleets'])('is red where a step that fails is that of %s, though no test was named', async (what) => {
    await report('unit', 60);
    await report('fleets', 40);
    await fails(what);
    const { lastLine, code } = await ends();
    expect(lastLine).toMatch(/^10[01] passed, 1 failed$/);
    expect(code).toBe(1);
  });

  it.each(['unit', 'fleets'])('is red where %s ended before they could say anything', async (what) => {
    await report(what === 'unit' ? 'fleets' : 'unit', 40);
    await fails(what);
    expect(await ends()).toMatchObject({ lastLine: '41 passed, 1 failed', code: 1 });
  });

  it('is red where nothing could be built, and runs nothing then', async () => {
    await fails('build');
    expect(await ends()).toMatchObject({ lastLine: '0 passed, 1 failed', code: 1 });
    expect(existsSync(path.join(folder, 'fleets.niceness'))).toBe(false);
  });

  it('runs a file of fleets once more, alone, and names what passed only then', async () => {
    await report('unit', 60);
    await report('fleets', 40, ['test/a.e2e.spec.ts']);
    await report('second', 3);
    await fails('fleets');
    const { lastLine, code } = await ends();
    expect(await noticed('asked')).toContain('--maxWorkers=1 --runTestsByPath test/a.e2e.spec.ts');
    expect({ lastLine, code }).toEqual({ lastLine: '102 passed, 0 failed', code: 0 });
  });

  it('keeps what it has said where all of it goes to one file', async () => {
    await report('unit', 60);
    await report('fleets', 40, ['test/a.e2e.spec.ts']);
    await report('second', 3);
    await fails('fleets');
    const log = await open(path.join(folder, 'log'), 'w');
    await once(start(log.fd, log.fd), 'exit');
    await log.close();
    expect(await noticed('log')).toMatch(/^run once more, alone: test\/a[^\0]+\n102 passed, 0 failed$/);
  });

  it('runs nothing once more where a unit test failed, too', async () => {
    await report('unit', 60, ['apps/a.spec.ts']);
    await report('fleets', 40, ['test/a.e2e.spec.ts']);
    await fails('unit');
    await fails('fleets');
    expect(await ends()).toMatchObject({ lastLine: '101 passed, 2 failed', code: 1 });
    expect(existsSync(path.join(folder, 'asked'))).toBe(false);
  });

  it('takes both lanes with it when it is ended', async () => {
    for (const what of ['unit', 'fleets']) await writeFile(path.join(folder, `${what}.hangs`), '');
    const child = start();
    const pidOf = (what: string): Promise<number> =>
      waitFor(`${what} to run`, async () => Number(await noticed(`${what}.pid`).catch(() => '')) || undefined, patience);
    const running = (await Promise.all([pidOf('unit'), pidOf('fleets')])).map((pid) => identify(pid));
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([130, null]);
    await waitFor('both to end', () => !running.some(stillRuns) || undefined, patience);
  });
});
