import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';

/** A tenth of a second of processor time for each world. */
jest.setTimeout(900_000);

/** From where simulation.spec.ts ends. */
const first = 401;
/** With those before it as many as any planted bug has needed to be found (`metIn` of simulation.spec.ts); `npm run sim:thousands` takes four times as many. */
const worldsForEveryChange = 400;
const worlds = Number(process.env['LAPIDARY_SIM_WORLDS'] ?? worldsForEveryChange);

describe('three regions, simulated', () => {
  it(`end equal in ${worlds} worlds more, lose nothing outside the policy’s rule, and have every loss in every ledger (I3, I5, I6, C2, C3)`, async () => {
    const program = [path.join(import.meta.dirname, 'run.ts'), '--seed', String(first), '--seeds', String(worlds)];
    const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', ...program]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toMatch(new RegExp(`^${worlds} worlds in .* s, 0 found wrong$`, 'm'));
  });
});
