import type { Duplex } from 'node:stream';
import { LastWords, silentMsMax } from './last-words.js';

describe('a client that was told to go', () => {
  const session = { destroyed: false };
  const socket = { bytesRead: 0, writableFinished: false, destroyed: 0, destroy: () => (socket.destroyed += 1) };
  let words: LastWords;
  let isThere: boolean;
  beforeEach(() => {
    session.destroyed = false;
    Object.assign(socket, { bytesRead: 0, writableFinished: false, destroyed: 0 });
    isThere = true;
    words = new LastWords(session, socket as unknown as Duplex, () => isThere);
  });
  const isEndedAt = (nowMs: number): boolean => (words.endIfSilent(nowMs), socket.destroyed > 0);

  it('is given its answers, however long they take, and then a while in which it says nothing', () => {
    expect(isEndedAt(0)).toBe(false);
    expect(isEndedAt(10 * silentMsMax)).toBe(false);
    session.destroyed = true;
    expect(isEndedAt(20 * silentMsMax)).toBe(false);
    socket.writableFinished = true;
    expect(isEndedAt(21 * silentMsMax - 1)).toBe(false);
    expect(isEndedAt(21 * silentMsMax)).toBe(true);
  });

  it('stays while it says that it reads', () => {
    Object.assign(session, { destroyed: true });
    socket.writableFinished = true;
    for (let nowMs = 0; nowMs < 10 * silentMsMax; nowMs += silentMsMax - 1) {
      socket.bytesRead += 13;
      expect(isEndedAt(nowMs)).toBe(false);
    }
  });

  it('stays while the kernel has something of its answers that has not come to it', () => {
    Object.assign(session, { destroyed: true });
    socket.writableFinished = true;
    isThere = false;
    expect([0, silentMsMax, 2 * silentMsMax, 3 * silentMsMax].some(isEndedAt)).toBe(false);
    isThere = true;
    expect(isEndedAt(3 * silentMsMax + 999)).toBe(false);
    expect(isEndedAt(3 * silentMsMax + 1_000)).toBe(true);
  });
});
