import { jest } from '@jest/globals';
import { SimWorld } from './sim-world.ts';

/** 60 ms each on a processor of its own. */
jest.setTimeout(900_000);

/** From where simulation.spec.ts ends. */
const first = 401;
const worlds = 1_600;

describe('three regions, simulated', () => {
  it(`end equal in ${worlds} worlds more, lose nothing outside the policy’s rule, and have every loss in every ledger (I3, I5, I6, C2, C3)`, async () => {
    const wrong: { seed: number; findings: readonly string[] }[] = [];
    for (let seed = first; seed < first + worlds; seed++) {
      const { findings } = await new SimWorld(seed).live();
      if (findings.length > 0) wrong.push({ seed, findings: findings.slice(0, 3) });
    }
    expect(wrong).toEqual([]);
  });
});
