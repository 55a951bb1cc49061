import { HeardRouters, routersMax } from './heard-routers.js';

describe('routers that are heard', () => {
  it('are forgotten when they are silent, and told by name once', () => {
    const heard = new HeardRouters<string>(1_000);
    heard.hear('r1', 'first', 0);
    heard.hear('r2', 'other', 500);
    heard.hear('r1', 'second', 600);
    expect(heard.live(1_200)).toEqual([
      ['r1', 'second'],
      ['r2', 'other'],
    ]);
    expect(heard.forget(1_501)).toEqual(['r2']);
    expect(heard.forget(1_501)).toEqual([]);
  });

  it('are no more than a region has, whatever names are given: those that are known go on, and there is room again once others are silent', () => {
    const heard = new HeardRouters<number>(1_000);
    heard.hear('true', 0, 0);
    for (let i = 1; i < routersMax; i += 1) heard.hear(`forged-${i}`, i, 0);
    expect(() => heard.hear('one more', 1, 500)).toThrow(/More than/);
    heard.hear('true', 1, 500);
    heard.hear('one more', 1, 1_001);
    expect(heard.live(1_001)).toEqual([
      ['true', 1],
      ['one more', 1],
    ]);
  });
});
