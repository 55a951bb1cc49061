import { head, type LinkPair, openPair } from './link-pair.fixture.js';

describe('a link that is lost (L7)', () => {
  /** Six requests in three flights, of which the agent answers two; the link is cut after `cut` bytes to the agent. */
  const cutAfter = (cut: number): { pair: LinkPair; total: number; heard: ReturnType<LinkPair['ask']>[]; seen: string[] } => {
    const pair = openPair();
    const heard = [pair.ask('GET /0 HTTP/1.1'), pair.ask('POST /1 HTTP/1.1', false)];
    heard[1]!.stream.write(Buffer.from('some of its body'));
    pair.flush();
    heard.push(pair.ask('GET /2 HTTP/1.1'), pair.ask('GET /3 HTTP/1.1'));
    pair.flush();
    const total = pair.toAgent.length;
    pair.deliver('agent', cut);
    pair.asked[0]?.stream.sendHead(head('HTTP/1.1 200 OK'), true);
    pair.asked[1]?.stream.sendHead(head('HTTP/1.1 200 OK'), false);
    pair.flush();
    pair.deliver('router');
    heard.push(pair.ask('GET /4 HTTP/1.1'), pair.ask('GET /5 HTTP/1.1'));
    pair.router.close('broken', 'cut');
    pair.agent.close('broken', 'cut');
    return { pair, total, heard, seen: pair.asked.map((asked) => asked.text.split(' ')[1]!) };
  };

  it('cut at every byte, each request has exactly one end, and "not sent" is only said of what was not seen', () => {
    const { total } = cutAfter(0);
    for (let cut = 0; cut <= total; cut++) {
      const { heard, seen, pair } = cutAfter(cut);
      heard.forEach((one, i) => {
        const ends = Number(one.isEnded) + one.resets.length + one.losses.length;
        expect([cut, i, ends]).toEqual([cut, i, 1]);
        const [loss] = one.losses;
        if (loss?.verdict === 'not_sent') expect(seen).not.toContain(`/${i}`);
        if (one.heads.length > 0 && loss !== undefined) expect(loss.verdict).toBe('answered');
      });
      // What had not left with a write is known not to have been seen, whatever the socket did.
      expect(heard.slice(4).map((one) => one.losses[0]?.verdict)).toEqual(['not_sent', 'not_sent']);
      expect(pair.router.streamCount + pair.agent.streamCount).toBe(0);
      expect(pair.asked.every((asked) => asked.losses.length + asked.resets.length <= 1)).toBe(true);
    }
  });

  it('for a fault of the other end: what is told as not sent does not leave with our last words', () => {
    const pair = openPair();
    const sent = pair.ask('POST /sent HTTP/1.1');
    pair.settle();
    const unsent = pair.ask('POST /unsent HTTP/1.1');
    pair.router.close('silent', 'no PONG');
    expect([sent.losses[0]!.verdict, unsent.losses[0]!.verdict]).toEqual(['sent', 'not_sent']);
    pair.settle();
    expect(pair.asked.map((asked) => asked.text.split(' ')[1])).toEqual(['/sent']);
    expect(pair.agentLog).toEqual(['open', 'closed silent']);
  });

  it('hears nothing more, and asks nothing more', () => {
    const pair = openPair();
    const heard = pair.ask('GET / HTTP/1.1');
    pair.settle();
    pair.asked[0]!.stream.sendHead(head('HTTP/1.1 200 OK'), true);
    pair.flush();
    pair.router.close('silent', 'no PONG');
    const late = pair.toRouter;
    pair.router.receive(late, 0, late.length);
    expect(heard.heads).toEqual([]);
    expect(() => pair.ask('GET / HTTP/1.1')).toThrow('no room');
    heard.stream.reset('cancelled');
    expect(pair.routerLog).toEqual(['open', 'closed silent']);
  });
});

describe('a drain (L9)', () => {
  it('by the agent: what is under way is answered, what comes later is refused untouched, and nothing is lost', () => {
    const pair = openPair();
    const before = pair.ask('GET /before HTTP/1.1');
    pair.settle();
    pair.agent.leave('restart');
    const crossing = pair.ask('POST /crossing HTTP/1.1', false);
    crossing.stream.write(Buffer.from('body'));
    pair.settle();
    expect(pair.router.hasRoom).toBe(false);
    expect(pair.asked).toHaveLength(1);
    expect(crossing.resets).toEqual(['refused']);
    expect(pair.agentLog).toEqual(['open', 'leaving']);
    pair.asked[0]!.stream.sendHead(head('HTTP/1.1 200 OK'), true);
    pair.settle();
    expect(before.isEnded).toBe(true);
    expect(pair.agentLog).toEqual(['open', 'leaving', 'drained']);
    expect(pair.routerLog).toEqual(['open', 'leaving', 'drained']);
  });

  it('cut short: what GOAWAY left out was certainly not worked on', () => {
    const pair = openPair();
    const before = pair.ask('GET /before HTTP/1.1');
    pair.settle();
    pair.agent.leave('restart');
    const crossing = pair.ask('GET /crossing HTTP/1.1');
    pair.flush();
    pair.deliver('router');
    pair.router.close('broken', 'cut');
    expect(before.losses[0]!.verdict).toBe('sent');
    expect(crossing.losses[0]!.verdict).toBe('not_sent');
  });

  it('by the router: nothing new leaves, what is under way is answered', () => {
    const pair = openPair();
    const before = pair.ask('GET /before HTTP/1.1');
    pair.settle();
    pair.router.leave('restart');
    expect(pair.router.hasRoom).toBe(false);
    pair.asked[0]!.stream.sendHead(head('HTTP/1.1 200 OK'), true);
    pair.settle();
    expect(before.isEnded).toBe(true);
    expect(pair.routerLog).toEqual(['open', 'leaving', 'drained']);
  });
});
