import { closeWait, established, handshake, listening, noInode, type KernelSocket } from './kernel-sockets.js';
import { queueVerdict } from './queue-verdict.js';

const ours = new Set([50_001, 50_002, 50_003]);
const row = (remotePort: number, state: string, inode: string): KernelSocket => ({ state, remotePort, inode, underWayBytes: 0 });
const waiting = (remotePort: number, state = established): KernelSocket => row(remotePort, state, noInode);
const self = row(0, listening, '4711');

describe('what a full queue holds', () => {
  it('is ours when each of our connections waits, whoever was accepted', () => {
    const sockets = [self, row(40_000, established, '4712'), ...[...ours].map((port) => waiting(port))];
    expect(queueVerdict(sockets, ours)).toBe('alone');
  });

  it.each([
    ['whose client has yet to answer our end', '04'],
    ['whose client leaves its side open', '05'],
    ['that is over', '06'],
    ['whose client has yet to answer our end behind its own', '09'],
    ['that both ended at once', '0B'],
  ])('holds no connection that we have closed: one %s', (_what, state) => {
    expect(queueVerdict([self, ...[...ours].map((port) => waiting(port)), waiting(40_000, state)], ours)).toBe('alone');
  });

  it('may be somebody else’s when one of ours is not there, though another is listed twice', () => {
    expect(queueVerdict([self, waiting(50_001), waiting(50_002), waiting(50_002)], ours)).toBe('others');
  });

  it.each([
    ['asks already', established],
    ['has given up already', closeWait],
  ])('is somebody else’s who %s', (_what, state) => {
    expect(queueVerdict([self, ...[...ours].map((port) => waiting(port)), waiting(40_000, state)], ours)).toBe('others');
  });

  it('waits for whoever is about to come', () => {
    expect(queueVerdict([self, ...[...ours].map((port) => waiting(port)), waiting(40_000, handshake)], ours)).toBe('handshake');
  });

  it('is not known where nothing is shown', () => {
    expect(queueVerdict([], ours)).toBe('unknown');
  });
});
