import { holding, isFinal, lostRegions, missing, recalledFrom, type Decision, type Told, type Word } from './given-up.js';

/** Numbers that look random and are the same each time (mulberry32). */
const randomFrom = (seed: number): (() => number) => {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

type Fact = readonly [Decision, Word];
const wordOf = (region: string, answer: Word['answer'], peers: readonly string[]): Word => ({
  region,
  answer,
  heard: { epoch: 1, sequence: 1 },
  peers,
});
const toldOf = (facts: readonly Fact[]): Told[] =>
  [...new Map(facts.map(([decision]) => [decision.id, decision])).values()].map((decision) => ({
    decision,
    words: facts.filter(([d]) => d.id === decision.id).map(([, w]) => w),
  }));

/** Regions that hear each other's logs in order, each as far as chance has it; some give the lost one up, some hear it still. */
const world = (seed: number, names: readonly string[], hears: ReadonlySet<string>) => {
  const random = randomFrom(seed);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const logs = new Map<string, Fact[]>(names.map((n) => [n, []]));
  const heard = new Map(names.map((n) => [n, new Map(names.map((m) => [m, 0]))]));
  const peersOf = (n: string): string[] => [...names.filter((m) => m !== n), 'lost'];
  /** In no order that all have. */
  const knows = (n: string): Told[] => {
    const told = toldOf(names.flatMap((m) => logs.get(m)!.slice(0, m === n ? undefined : heard.get(n)!.get(m))));
    return names.indexOf(n) % 2 === 0 ? told : told.reverse();
  };
  const agreedBy = (n: string): string[] => {
    const all = knows(n);
    return (missing(all).get('lost') ?? ['nobody gave it up']).length === 0
      ? [holding(all).find((t) => t.decision.region === 'lost')!.decision.id]
      : [];
  };
  const everAgreed = new Set<string>();
  let ids = 0;
  const act = (n: string): void => {
    const held = holding(knows(n)).find((t) => t.decision.region === 'lost');
    if (!held) {
      if (hears.has(n) || random() > 0.2) return;
      const decision = { id: `${Math.floor(random() * 1e6)}.${(ids += 1)}`, region: 'lost', successor: pick(names), declaredIn: n };
      logs.get(n)!.push([decision, wordOf(n, 'agrees', peersOf(n))]);
    } else if (!held.words.some((w) => w.region === n))
      logs.get(n)!.push([held.decision, wordOf(n, hears.has(n) ? 'objects' : 'agrees', peersOf(n))]);
  };
  const hear = (n: string, from: string): void =>
    void heard.get(n)!.set(from, Math.min(logs.get(from)!.length, heard.get(n)!.get(from)! + 1));
  for (let n = 0; n < 80; n += 1) {
    const who = pick(names);
    if (random() < 0.5) act(who);
    else hear(who, pick(names));
    for (const id of agreedBy(who)) everAgreed.add(id);
  }
  for (let n = 0; n < 60; n += 1)
    for (const who of names) {
      if (holding(knows(who)).length > 0) act(who);
      for (const from of names) hear(who, from);
      for (const id of agreedBy(who)) everAgreed.add(id);
    }
  return { everAgreed, last: names.map((n) => agreedBy(n)), known: names.map((n) => holding(knows(n)).map((t) => t.decision.id)) };
};

test('RG3: whatever order and cuts, at most one decision is ever agreed to by all, and in the end all know the same', () => {
  let [agreed, void_] = [0, 0];
  for (let seed = 1; seed <= 150; seed += 1) {
    const names = ['a', 'b', 'c', 'd'].slice(0, 2 + (seed % 3));
    const { everAgreed, last, known } = world(seed, names, new Set(seed % 5 === 0 ? ['b'] : []));
    expect(everAgreed.size).toBeLessThanOrEqual(1);
    expect(new Set(known.map((k) => k.join())).size).toBe(1);
    if (everAgreed.size === 1) for (const ids of last) expect(ids).toEqual([...everAgreed]);
    if (everAgreed.size === 1) agreed += 1;
    else if (seed % 5 === 0) void_ += 1;
  }
  // The worlds reach both ends.
  expect(agreed).toBeGreaterThan(50);
  expect(void_).toBeGreaterThan(10);
});

test('RG1: one that hears it is never overruled, and one that has not said anything is waited for', () => {
  const decision = { id: '1', region: 'lost', successor: 'a', declaredIn: 'a' };
  const words = [wordOf('a', 'agrees', ['b', 'lost'])];
  expect(missing([{ decision, words }])).toEqual(new Map([['lost', ['b']]]));
  expect(missing([{ decision, words: [...words, wordOf('b', 'objects', ['a', 'lost'])] }])).toEqual(new Map());
});

test('two that are lost together are not waited for by each other, where those who remain agree to both', () => {
  const first = { id: '1', region: 'x', successor: 'a', declaredIn: 'a' };
  const second = { id: '2', region: 'y', successor: 'a', declaredIn: 'a' };
  const peers = { a: ['b', 'x', 'y'], b: ['a', 'x', 'y'] };
  const one = { decision: first, words: [wordOf('a', 'agrees', peers.a), wordOf('b', 'agrees', peers.b)] };
  expect(missing([one]).get('x')).toEqual(['y']);
  expect(missing([one, { decision: second, words: [wordOf('a', 'agrees', peers.a)] }])).toEqual(
    new Map([
      ['x', ['y']],
      ['y', ['b', 'x']],
    ]),
  );
  expect(missing([one, { decision: second, words: [wordOf('a', 'agrees', peers.a), wordOf('b', 'agrees', peers.b)] }])).toEqual(
    new Map([
      ['x', []],
      ['y', []],
    ]),
  );
});

describe('what is told of what was heard of a lost region (RG4)', () => {
  const heardBy = (region: string, epoch: number, sequence: number): Word => ({
    region,
    answer: 'agrees',
    heard: { epoch, sequence },
    peers: [],
  });
  const from = (own: string, ...words: Word[]): number | null => recalledFrom({ words }, own, ['ap', 'eu', 'us']);

  it('is told by the first of those who heard most, from where whoever heard least stands', () => {
    const words = [heardBy('eu', 1, 9), heardBy('us', 1, 4), heardBy('ap', 1, 9)];
    expect(['ap', 'eu', 'us'].map((own) => from(own, ...words))).toEqual([5, null, null]);
  });

  it('is told by nobody where all heard the same, and by all where they heard it under several epochs', () => {
    expect(from('eu', heardBy('eu', 1, 4), heardBy('us', 1, 4))).toBe(null);
    expect(['eu', 'us'].map((own) => from(own, heardBy('eu', 2, 1), heardBy('us', 1, 4)))).toEqual([0, 0]);
  });

  it('is final once all have agreed, not before', () => {
    const decision: Decision = { id: '1', region: 'ap', successor: 'eu', declaredIn: 'eu' };
    const eu: Word = { ...heardBy('eu', 1, 1), peers: ['us', 'ap'] };
    expect([...lostRegions([{ decision, words: [eu] }])]).toEqual([]);
    expect([...lostRegions([{ decision, words: [eu, heardBy('us', 1, 2)] }])]).toEqual(['ap']);
  });
});

describe('a decision that somebody has acted on (RG10)', () => {
  const told = (id: string, ...words: (readonly [string, Word['answer']])[]): Told => ({
    decision: { id, region: 'ap', successor: 'us', declaredIn: 'us' },
    words: words.map(([region, answer]) => wordOf(region, answer, ['eu', 'us', 'ap'])),
  });
  const final = told('5', ['us', 'agrees'], ['us', 'recalled']);

  it('is final, without the words of who was restored to before it agreed, and whatever that one says since', () => {
    expect(isFinal(final)).toBe(true);
    expect([...missing([final]).values()]).toEqual([[]]);
    const objected = told('5', ['us', 'agrees'], ['us', 'recalled'], ['eu', 'objects']);
    expect([holding([objected]).length, ...lostRegions([objected])]).toEqual([1, 'ap']);
    expect(holding([told('5', ['us', 'agrees'], ['eu', 'objects'])])).toEqual([]);
  });

  it('holds against a lower one, which only who has forgotten it says', () => {
    const lower = told('4', ['eu', 'agrees']);
    expect(holding([lower, final]).map((t) => t.decision.id)).toEqual(['5']);
    expect(holding([final, lower]).map((t) => t.decision.id)).toEqual(['5']);
  });
});
