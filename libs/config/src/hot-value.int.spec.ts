import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { readFile } from 'node:fs/promises';
import { fileFingerprint, HotValue } from './hot-value.js';

let folder: string;
let file: string;
let hot: HotValue<number>;
const seen: (number | string)[] = [];
let fails: () => Error | null;
let isWhole: (value: number) => boolean;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lapidary-hot-'));
  file = join(folder, 'value');
  seen.length = 0;
  fails = () => null;
  isWhole = () => true;
});
afterEach(async () => {
  hot.stop();
  await rm(folder, { recursive: true });
});

const start = async (): Promise<void> => {
  hot = await HotValue.start({
    fingerprint: () => fileFingerprint(file),
    load: async () => {
      const failure = fails();
      if (failure) throw failure;
      const value = Number(await readFile(file, 'utf8'));
      if (!Number.isFinite(value)) throw new Error('no number');
      return value;
    },
    isWhole: (value) => isWhole(value),
    onReload: (value) => seen.push(value),
    onRefused: (error) => seen.push((error as NodeJS.ErrnoException).code ?? (error as Error).message),
    everyMs: 10,
  });
};
const until = (value: number | string): Promise<unknown> =>
  waitFor(String(value), () => seen.includes(value) || undefined, { timeoutMs: 60_000, intervalMs: 5 });

describe('a file that is kept current', () => {
  it('of which a part is of no use is loaded at each look until all is, and told then, though the file stays as it was', async () => {
    let loads = 0;
    await writeFile(file, '1');
    fails = () => ((loads += 1), null);
    isWhole = () => loads > 3;
    await start();
    expect(seen).toEqual([]);
    await until(1);
    expect(await hot.look()).toBe(false);
    expect([seen, loads]).toEqual([[1], 4]);
  });

  it('is taken when rewritten, replaced or switched by a link; kept while the new one is of no use or gone', async () => {
    await writeFile(file, '1');
    await start();
    expect(hot.current).toBe(1);
    await writeFile(file, '2');
    await until(2);
    await writeFile(file, 'rubbish');
    await until('no number');
    expect(hot.current).toBe(2);
    await rm(file);
    await until('ENOENT');
    expect(hot.current).toBe(2);
    await writeFile(join(folder, 'other'), '3');
    await symlink(join(folder, 'other'), join(folder, 'link'));
    await rename(join(folder, 'link'), file);
    await until(3);
    expect(hot.current).toBe(3);
  });

  it('is taken a moment later where it could not be read for a reason of the moment, and that is told once', async () => {
    await writeFile(file, '1');
    await start();
    const moment = Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    let failures = 0;
    fails = () => ((failures += 1) <= 3 ? moment : null);
    await writeFile(file, '2');
    await until(2);
    expect([hot.current, failures, seen]).toEqual([2, 4, ['EMFILE', 2]]);
  });

  it('that is of no use at the start is an error', async () => {
    await writeFile(file, 'rubbish');
    await expect(start()).rejects.toThrow('no number');
  });
});
