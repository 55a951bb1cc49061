import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inlining } from './inline-more.js';

describe('how much V8 inlines', () => {
  it.each(Object.entries(inlining))('--%s is a number to the V8 that we run on, and more than its own', async (flag, bytes) => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--v8-options'], { maxBuffer: 16 * 1024 * 1024 });
    const known = new RegExp(`--${flag} .*\\n +type: int +default: --${flag}=(\\d+)`).exec(stdout);
    expect(Number(known?.[1])).toBeLessThan(bytes);
  });
});
