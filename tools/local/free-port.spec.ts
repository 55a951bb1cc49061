import { freePort } from './free-port.js';

describe('a free port', () => {
  it.each([undefined, '', 'nonsense'])('without a share (%p) is one of all', async (share) => {
    const port = await freePort(new Set(), share);
    expect(port).toBeGreaterThanOrEqual(11_000);
    expect(port).toBeLessThan(21_000);
  });

  it('of a share is none of another one, whoever else chooses at the same moment', async () => {
    const ports = await Promise.all(['1/4', '2/4', '3/4', '4/4'].map(async (share) => await freePort(new Set(), share)));
    expect(ports.map((port) => Math.floor((port - 11_000) / 2_500))).toEqual([0, 1, 2, 3]);
  });
});
