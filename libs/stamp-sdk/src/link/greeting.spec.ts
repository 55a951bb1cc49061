import { FrameBatch } from './frame-batch.js';
import { encodeHello, linkVersion, linkVersionMin } from './hello.js';
import { frameHeaderBytes } from './frames.js';
import { asking, head, LinkPair, openPair, smallWindows } from './link-pair.fixture.js';

const key = 'a-link-key-of-this-region-0123456789';

describe('the greeting', () => {
  it('opens with the same key at both ends, and with none at both', () => {
    for (const pair of [openPair({ routerKey: key, agentKey: key }), openPair()]) {
      expect(pair.router.isOpen && pair.agent.isOpen).toBe(true);
      expect(pair.router.peerName).toBe('eu-1');
      expect(pair.agent.peerName).toBe('router-1');
    }
  });

  it.each([
    ['another key at the agent', { routerKey: key, agentKey: `${key}!` }],
    ['a key at the agent only', { agentKey: key }],
    ['a key at the router only', { routerKey: key }],
    ['another stamp than the one meant', { stamp: 'eu-2' }],
  ])('is refused at both ends with %s, and no request leaves (L8)', (_, options) => {
    const pair = new LinkPair(options);
    expect(pair.router.ask(asking(head('x'), 'a', 1), null as never)).toBeNull();
    pair.settle();
    expect(pair.routerLog).toEqual(['closed unauthenticated']);
    expect(pair.agentLog).not.toContain('open');
    expect(pair.asked).toEqual([]);
  });

  it('lets no request in before the proof, however it is written', () => {
    const pair = new LinkPair({ agentKey: key });
    const batch = new FrameBatch();
    batch.request(1, asking(head('GET / HTTP/1.1')));
    pair.toAgent = Buffer.concat(batch.take());
    pair.deliver('agent');
    expect(pair.agentLog).toEqual(['closed out_of_order']);
    expect(pair.asked).toEqual([]);
  });

  it('a proof from another link does not open this one', () => {
    const first = new LinkPair({ routerKey: key, agentKey: key });
    first.flush();
    first.deliver('router');
    first.flush();
    const recorded = first.toAgent;
    const second = new LinkPair({ routerKey: key, agentKey: key });
    second.toAgent = recorded;
    second.deliver('agent');
    expect(second.agentLog).toEqual(['closed unauthenticated']);
  });

  it('an agent that only repeats what it is told proves nothing', () => {
    const pair = new LinkPair({ routerKey: key });
    pair.flush();
    pair.deliver('router');
    pair.flush();
    const batch = new FrameBatch();
    // The router's own proof, sent back.
    batch.control('ready', pair.toAgent.subarray(-32));
    pair.toRouter = Buffer.concat(batch.take());
    pair.deliver('router');
    expect(pair.routerLog).toEqual(['closed unauthenticated']);
  });

  it.each([
    ['another version', { version: linkVersion + 1 }, 'incompatible'],
    ['a window too small for a frame', { settings: { ...smallWindows, streamWindowBytes: 100 } }, 'incompatible'],
    ['a window that nobody has memory for', { settings: { ...smallWindows, linkWindowBytes: 2 ** 31 } }, 'incompatible'],
    ['no streams at all', { settings: { ...smallWindows, maxStreams: 0 } }, 'incompatible'],
    ['a proof where the agent has none to give', { proof: Buffer.alloc(32) }, 'unauthenticated'],
  ])('the router refuses %s', (_, wrong, fault) => {
    const pair = new LinkPair();
    const batch = new FrameBatch();
    const hello = { version: linkVersion, nonce: Buffer.alloc(16), settings: smallWindows, name: 'eu-1', proof: Buffer.alloc(0) };
    batch.control('hello', encodeHello({ ...hello, ...wrong }));
    pair.toRouter = Buffer.concat(batch.take());
    pair.deliver('router');
    expect(pair.routerLog).toEqual([`closed ${fault}`]);
  });

  it.each([
    ['a router and an agent of today', linkVersion, key],
    ['a router of before, which doesn’t say what it knows', linkVersionMin, key],
    ['the same without a key', linkVersionMin, null],
    ['a router that is newer', linkVersion + 1, key],
  ])('%s agree on the newest version that both know', (_, asked, common) => {
    const pair = openPair({ routerKey: common, agentKey: common, asked });
    expect([pair.router.isOpen, pair.agent.isOpen]).toEqual([true, true]);
    const speaks = asked >= linkVersion;
    expect([pair.router.speaksInterim, pair.agent.speaksInterim]).toEqual([speaks, speaks]);
  });

  it('what it agrees on is proved with the key: who changes the version on the way opens nothing', () => {
    const pair = new LinkPair({ routerKey: key, agentKey: key });
    pair.flush();
    // The agent's HELLO says the first version on the way to the router.
    pair.toRouter[frameHeaderBytes] = linkVersionMin;
    pair.settle();
    expect(pair.agentLog).toEqual(['closed incompatible']);
    const back = new LinkPair({ routerKey: key, agentKey: key });
    back.flush();
    back.toRouter[frameHeaderBytes] = linkVersionMin;
    back.deliver('router');
    back.flush();
    back.toAgent[frameHeaderBytes] = linkVersion;
    back.deliver('agent');
    expect(back.agentLog).toEqual(['closed unauthenticated']);
  });

  it('comes once', () => {
    const pair = openPair();
    const batch = new FrameBatch();
    batch.control(
      'hello',
      encodeHello({ version: linkVersion, nonce: Buffer.alloc(16), settings: smallWindows, name: 'r', proof: Buffer.alloc(0) }),
    );
    pair.toAgent = Buffer.concat(batch.take());
    pair.deliver('agent');
    expect(pair.agentLog).toEqual(['open', 'closed out_of_order']);
  });
});
