import { FrameBatch } from './frame-batch.js';
import { linkVersionMin } from './hello.js';
import { head, openPair, type LinkPair } from './link-pair.fixture.js';

const hints = head('HTTP/1.1 103 Early Hints\r\nlink: </a.css>');
const inject = (pair: LinkPair, write: (batch: FrameBatch) => void): void => {
  const batch = new FrameBatch();
  write(batch);
  pair.toRouter = Buffer.concat(batch.take());
  pair.deliver('router');
};

describe('an answer that is not the last', () => {
  it.each([true, false])('comes before the answer, however many, whether or not the request is whole (%s)', (isLast) => {
    const pair = openPair();
    const heard = pair.ask('GET / HTTP/1.1', isLast);
    pair.settle();
    for (let i = 0; i < 3; i += 1) pair.asked[0]!.stream.sendInterim(hints);
    pair.asked[0]!.stream.sendHead(head('HTTP/1.1 200 OK'), true);
    pair.settle();
    expect(heard.interims).toEqual([hints, hints, hints]);
    expect(heard.heads).toEqual([head('HTTP/1.1 200 OK')]);
    expect([heard.isEnded, pair.router.streamCount, pair.router.isOpen]).toEqual([true, 0, true]);
  });

  it('is not sent to a router that knows none, whose link stays', () => {
    const pair = openPair({ asked: linkVersionMin });
    const heard = pair.ask('GET / HTTP/1.1');
    pair.settle();
    pair.asked[0]!.stream.sendInterim(hints);
    pair.asked[0]!.stream.sendHead(head('HTTP/1.1 200 OK'), true);
    pair.settle();
    expect([heard.interims, heard.isEnded, pair.router.isOpen]).toEqual([[], true, true]);
  });

  it('says nothing of what is lost with the link: the request was sent, and is not answered (L7)', () => {
    const pair = openPair();
    const heard = pair.ask('GET / HTTP/1.1');
    pair.settle();
    pair.asked[0]!.stream.sendInterim(hints);
    pair.settle();
    pair.router.close('broken', 'cut');
    expect(heard.losses).toEqual([{ fault: 'broken', verdict: 'sent' }]);
  });

  it('that crosses with the router’s RESET is dropped', () => {
    const pair = openPair();
    const heard = pair.ask('GET / HTTP/1.1');
    pair.settle();
    pair.asked[0]!.stream.sendInterim(hints);
    heard.stream.reset('cancelled');
    pair.settle();
    expect([heard.interims, pair.router.isOpen, pair.agent.isOpen, pair.router.streamCount]).toEqual([[], true, true, 0]);
  });

  it('behind the answer’s head, or on a link that didn’t agree on any, closes the link (L2, L6)', () => {
    const late = openPair();
    late.ask('GET / HTTP/1.1');
    late.settle();
    inject(late, (batch) => (batch.response(1, head('HTTP/1.1 200 OK'), false), batch.interim(1, hints)));
    expect(late.routerLog).toEqual(['open', 'closed out_of_order']);
    const old = openPair({ asked: linkVersionMin });
    old.ask('GET / HTTP/1.1');
    old.settle();
    inject(old, (batch) => batch.interim(1, hints));
    expect(old.routerLog).toEqual(['open', 'closed bad_frame']);
  });

  it('behind its own answer an agent sends none', () => {
    const pair = openPair();
    const heard = pair.ask('GET / HTTP/1.1');
    pair.settle();
    pair.asked[0]!.stream.sendHead(head('HTTP/1.1 200 OK'), false);
    pair.asked[0]!.stream.sendInterim(hints);
    pair.settle();
    expect([heard.interims, pair.router.isOpen]).toEqual([[], true]);
  });
});
