import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';

/** 60 ms for each of them on a processor of its own. */
jest.setTimeout(900_000);

/** From where simulation.spec.ts ends. */
const first = 401;
const worlds = 1_600;

describe('three regions, simulated', () => {
  it(`end equal in ${worlds} worlds more, lose nothing outside the policy’s rule, and have every loss in every ledger (I3, I5, I6, C2, C3)`, async () => {
    // As `npm run sim` does it: in one of jest's contexts a world takes three times as long.
    const program = [path.join(import.meta.dirname, 'run.ts'), '--seed', String(first), '--seeds', String(worlds)];
    const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', ...program]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toMatch(new RegExp(`^${worlds} worlds in .* s, 0 found wrong$`, 'm'));
  });
});
