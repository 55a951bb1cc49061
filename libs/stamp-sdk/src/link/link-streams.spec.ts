import { DenseTable } from './dense-table.js';
import { FrameBatch } from './frame-batch.js';
import { dataBytesMax, headBytesMax, streamMax } from './frames.js';
import { askingStreamTable } from './stream-states.js';
import { asking, head, Heard, openPair, smallWindows, type LinkPair } from './link-pair.fixture.js';

const answer = (pair: LinkPair, index: number, body: string): void => {
  const { stream } = pair.asked[index]!;
  stream.sendHead(head('HTTP/1.1 200 OK'), false);
  stream.write(Buffer.from(body), true);
};

describe('a request and its answer', () => {
  it('arrive whole, with tenant and epoch (L8), and leave nothing behind (L2)', () => {
    const pair = openPair();
    const heard = pair.ask('POST / HTTP/1.1', false, 'acme', 999_999_999_999_999);
    heard.stream.write(Buffer.from('body'));
    heard.stream.end();
    pair.settle();
    expect(pair.asked[0]).toMatchObject({ tenant: 'acme', epoch: 999_999_999_999_999, text: 'POST / HTTP/1.1\r\n\r\n', isEnded: true });
    expect(pair.asked[0]!.body.toString()).toBe('body');
    answer(pair, 0, 'hello');
    pair.settle();
    expect(heard).toMatchObject({ heads: ['HTTP/1.1 200 OK\r\n\r\n'], isEnded: true, resets: [], losses: [] });
    expect(heard.body.toString()).toBe('hello');
    expect([pair.router.streamCount, pair.agent.streamCount]).toEqual([0, 0]);
  });

  it('an answer before the whole request ends the request, and the rest of the body is dropped', () => {
    const pair = openPair();
    const heard = pair.ask('POST / HTTP/1.1', false);
    heard.stream.write(Buffer.alloc(5_000));
    pair.settle();
    answer(pair, 0, 'too large');
    heard.stream.write(Buffer.alloc(5_000));
    pair.settle();
    expect(heard.isEnded).toBe(true);
    expect(pair.asked[0]!.body).toHaveLength(5_000);
    expect(heard.stream.write(Buffer.alloc(1))).toBe(false);
    pair.settle();
    expect([pair.router.streamCount, pair.agent.streamCount]).toEqual([0, 0]);
    expect([pair.router.isOpen, pair.agent.isOpen]).toEqual([true, true]);
  });

  it('given up by the router: the agent hears it, the place stays taken until it has said so, and what crosses is dropped', () => {
    const pair = openPair();
    const heard = pair.ask('GET / HTTP/1.1');
    pair.settle();
    answer(pair, 0, 'crossing');
    heard.stream.reset('cancelled');
    expect(pair.router.streamCount).toBe(1);
    pair.settle();
    expect(heard).toMatchObject({ heads: [], isEnded: false, resets: [], losses: [] });
    expect([pair.router.streamCount, pair.agent.streamCount]).toEqual([0, 0]);
    const second = pair.ask('GET / HTTP/1.1');
    pair.settle();
    second.stream.reset('cancelled');
    pair.settle();
    expect(pair.asked[1]!.resets).toEqual(['cancelled']);
    expect([pair.router.streamCount, pair.agent.streamCount]).toEqual([0, 0]);
  });

  it('broken off by the agent in the middle of its answer', () => {
    const pair = openPair();
    const heard = pair.ask('POST / HTTP/1.1', false);
    pair.settle();
    pair.asked[0]!.stream.sendHead(head('HTTP/1.1 200 OK'), false);
    pair.asked[0]!.stream.reset('failed');
    pair.settle();
    expect(heard).toMatchObject({ resets: ['failed'], isEnded: false });
    expect([pair.router.streamCount, pair.agent.streamCount]).toEqual([0, 0]);
  });
});

describe('limits', () => {
  it('the router opens no more streams than the agent takes', () => {
    const pair = openPair();
    for (let i = 0; i < smallWindows.maxStreams; i++) pair.ask('GET / HTTP/1.1');
    expect(pair.router.hasRoom).toBe(false);
    expect(() => pair.ask('GET / HTTP/1.1')).toThrow('no room');
    pair.settle();
    expect(pair.agent.isOpen).toBe(true);
  });

  it('a head that no frame can hold is not sent', () => {
    const pair = openPair();
    expect(() => pair.ask(`GET /${'x'.repeat(headBytesMax)} HTTP/1.1`)).toThrow('no room');
    expect(pair.ask(`GET /${'x'.repeat(headBytesMax - 20)} HTTP/1.1`)).toBeInstanceOf(Heard);
    pair.settle();
    expect(pair.asked).toHaveLength(1);
  });

  it('when the ids are used up the link drains, and the last request is answered', () => {
    const pair = openPair({ firstStream: streamMax });
    const heard = pair.ask('GET / HTTP/1.1');
    expect(pair.router.hasRoom).toBe(false);
    pair.settle();
    answer(pair, 0, 'last');
    pair.settle();
    expect(heard.isEnded).toBe(true);
    expect(pair.routerLog).toEqual(['open', 'leaving', 'drained']);
  });
});

describe('flow control (L3, L4)', () => {
  const big = Buffer.alloc(200_000, 'x');

  it('holds an answer at its window while nobody reads it, and lets the others pass', () => {
    const pair = openPair();
    const slow = pair.ask('GET /slow HTTP/1.1');
    slow.isReading = false;
    const quick = pair.ask('GET /quick HTTP/1.1');
    pair.settle();
    answer(pair, 0, big.toString());
    answer(pair, 1, big.toString());
    pair.settle();
    expect(slow.body).toHaveLength(smallWindows.streamWindowBytes);
    expect(quick.body).toHaveLength(big.length);
    expect(quick.isEnded).toBe(true);
    expect(pair.agent.blockedCount).toBe(1);
    const later = pair.ask('GET /later HTTP/1.1');
    pair.settle();
    answer(pair, 2, 'ok');
    pair.settle();
    expect(later.isEnded).toBe(true);
    slow.isReading = true;
    slow.read();
    pair.settle();
    expect(slow.body.equals(big)).toBe(true);
    expect(pair.agent.blockedCount).toBe(0);
  });

  it('with every place but one held by readers that stand still, the last one still serves', () => {
    const pair = openPair();
    const still = Array.from({ length: smallWindows.maxStreams - 1 }, () =>
      Object.assign(pair.ask('GET / HTTP/1.1'), { isReading: false }),
    );
    pair.settle();
    still.forEach((_, i) => answer(pair, i, big.toString()));
    pair.settle();
    expect(still.map((heard) => heard.body.length)).toEqual(still.map(() => smallWindows.streamWindowBytes));
    const one = pair.ask('GET / HTTP/1.1');
    pair.settle();
    answer(pair, still.length, big.toString());
    pair.settle();
    expect(one.body).toHaveLength(big.length);
  });

  it('bodies share the link in turns of one frame', () => {
    const pair = openPair({ settings: { maxStreams: 8, streamWindowBytes: 64 * 1024, linkWindowBytes: dataBytesMax } });
    const [a, b] = [pair.ask('GET /a HTTP/1.1'), pair.ask('GET /b HTTP/1.1')];
    pair.settle();
    answer(pair, 0, big.toString());
    answer(pair, 1, big.toString());
    let aheadMax = 0;
    while (!a.isEnded || !b.isEnded) {
      pair.flush();
      pair.deliver('router', 20_000);
      pair.deliver('agent');
      if (!a.isEnded) aheadMax = Math.max(aheadMax, a.body.length - b.body.length);
    }
    expect(aheadMax).toBeLessThanOrEqual(2 * dataBytesMax);
  });

  it('a congested socket holds DATA, not heads, and says when more may be written', () => {
    const pair = openPair();
    const heard = pair.ask('POST / HTTP/1.1', false);
    pair.router.setCongested(true);
    expect(heard.stream.write(Buffer.from('body'))).toBe(false);
    const other = pair.ask('GET / HTTP/1.1');
    pair.settle();
    expect(pair.asked.map((a) => a.body.length)).toEqual([0, 0]);
    answer(pair, 1, 'ok');
    pair.settle();
    expect(other.isEnded).toBe(true);
    pair.router.setCongested(false);
    expect(heard.writables).toBe(1);
    pair.settle();
    expect(pair.asked[0]!.body.toString()).toBe('body');
  });
});

describe('what a peer may not do closes the link and every stream on it (L6)', () => {
  const toAgent = (write: (batch: FrameBatch) => void): LinkPair => {
    const pair = openPair();
    pair.ask('POST / HTTP/1.1', false);
    pair.ask('GET / HTTP/1.1');
    pair.settle();
    for (const asked of pair.asked) asked.isReading = false;
    const batch = new FrameBatch();
    write(batch);
    pair.toAgent = Buffer.concat(batch.take());
    pair.deliver('agent');
    return pair;
  };
  const bytes = Buffer.alloc(dataBytesMax);
  const text = head('GET / HTTP/1.1');

  it.each<[string, string, (batch: FrameBatch) => void]>([
    ['DATA for a stream that never was', 'out_of_order', (b) => b.data(9, bytes, 0, 1, false)],
    ['DATA behind END', 'out_of_order', (b) => b.data(2, bytes, 0, 1, false)],
    ['END twice', 'out_of_order', (b) => (b.end(1), b.end(1))],
    ['an id used before', 'out_of_order', (b) => b.request(2, asking(text, 'a'))],
    ['an id left out', 'out_of_order', (b) => b.request(4, asking(text, 'a'))],
    ['a request without a tenant', 'bad_frame', (b) => b.request(3, asking(text, ''))],
    ['a request without a head', 'bad_frame', (b) => b.request(3, asking('', 'acme'))],
    ['more than the stream’s window', 'flow_control', (b) => (b.data(1, bytes, 0, dataBytesMax, false), b.data(1, bytes, 0, 1, false))],
    ['credit for nothing', 'flow_control', (b) => b.window(1, 0)],
    ['credit above the window', 'flow_control', (b) => b.window(1, 1)],
    ['link credit above the window', 'flow_control', (b) => b.window(0, 1)],
    ['WINDOW for a stream to come', 'out_of_order', (b) => b.window(9, 1)],
    ['RESET of a stream to come', 'out_of_order', (b) => b.reset(9, 'cancelled')],
    [
      'more streams than agreed',
      'too_many_streams',
      (b) => {
        for (let id = 3; id <= smallWindows.maxStreams + 1; id++) b.request(id, asking(text, 'a'));
      },
    ],
  ])('%s', (_, fault, write) => {
    const pair = toAgent(write);
    expect(pair.agentLog).toEqual(['open', `closed ${fault}`]);
    const lost = pair.asked.filter((asked) => asked.resets.length === 0);
    expect(lost.every((asked) => asked.losses.length === 1)).toBe(true);
    pair.settle();
    expect(pair.routerLog).toEqual(['open', `closed ${fault}`]);
  });

  it('an END before the answer’s head, at the router', () => {
    const pair = openPair();
    const heard = pair.ask('GET / HTTP/1.1');
    const batch = new FrameBatch();
    batch.end(1);
    pair.flush();
    pair.toRouter = Buffer.concat(batch.take());
    pair.deliver('router');
    expect(pair.routerLog).toEqual(['open', 'closed out_of_order']);
    expect(heard.losses).toEqual([{ fault: 'out_of_order', verdict: 'sent' }]);
  });
});

describe('a table as an array', () => {
  it('says the same as the table', () => {
    const events = ['head_received', 'end_received', 'reset_sent'] as const;
    const dense = new DenseTable(askingStreamTable as never, events);
    const asked = dense.state('asked' as never);
    expect(dense.nameOf(dense.step(asked, 0))).toBe('hearing');
    expect(dense.step(asked, 1)).toBe(-1);
    expect(dense.nameOf(dense.step(asked, 2))).toBe('given_up');
  });
});
