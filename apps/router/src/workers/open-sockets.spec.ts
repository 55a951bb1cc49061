import { closedAll, closesLast, createOpenSockets, opensAll } from './open-sockets.js';

const workers = [0, 1, 31, 32, 63];

describe('who closes a shared socket last', () => {
  const memory = createOpenSockets();
  beforeEach(() => workers.forEach((worker) => opensAll(memory, worker)));

  it('is one, whoever goes first, and each socket has its own', () => {
    expect([63, 0, 32, 1, 31].map((worker) => closesLast(memory, 'http', worker))).toEqual([false, false, false, false, true]);
    expect([0, 31, 32, 1, 63].map((worker) => closesLast(memory, 'tls', worker))).toEqual([false, false, false, false, true]);
  });

  it('is the one that is left when the others have died', () => {
    for (const worker of workers.slice(1)) closedAll(memory, worker);
    expect(closesLast(memory, 'http', 0)).toBe(true);
  });

  it('is not one while another has taken the place of who died', () => {
    for (const worker of workers.slice(1)) closedAll(memory, worker);
    opensAll(memory, 63);
    expect(closesLast(memory, 'http', 0)).toBe(false);
    expect(closesLast(memory, 'http', 63)).toBe(true);
  });
});
