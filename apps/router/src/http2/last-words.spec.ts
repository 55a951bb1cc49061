import type { Duplex } from 'node:stream';
import { LastWords, silentMsMax } from './last-words.js';

describe('a client that was told to go', () => {
  const session = { destroyed: false };
  const socket = { bytesRead: 0, writableFinished: false, destroyed: 0, destroy: () => (socket.destroyed += 1) };
  let words: LastWords;
  beforeEach(() => {
    session.destroyed = false;
    Object.assign(socket, { bytesRead: 0, writableFinished: false, destroyed: 0 });
    words = new LastWords(session, socket as unknown as Duplex);
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
});
