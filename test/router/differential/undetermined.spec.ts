import { settled, undetermined } from './undetermined.ts';

const [known] = undetermined;
const one = { group: known!.group, id: known!.id };
const refused = { verdict: 'refuses', statuses: [400], closed: true } as const;
const letThrough = { verdict: 'forwards, unreadable', statuses: [400], closed: false } as const;

describe('a case that a program has not made up its mind about', () => {
  test('counts as the worse of what it does, whichever was seen', () => {
    for (const seen of [refused, letThrough])
      expect(settled(known!.peer, one, seen)).toMatchObject({ verdict: 'forwards, unreadable', statuses: [400], or: ['400'] });
  });

  test('may have no answer as one of its ways', () => {
    const waiting = undetermined.find(({ ways }) => ways.some(({ status }) => status === null))!;
    const at = { group: waiting.group, id: waiting.id };
    for (const seen of [refused, { verdict: 'waits', statuses: [], closed: false } as const])
      expect(settled(waiting.peer, at, seen)).toMatchObject({ verdict: 'waits', statuses: [], or: ['400'] });
    const another = { ...refused, statuses: [502] };
    expect(settled(waiting.peer, at, another)).toBe(another);
  });

  test('is still held to these: anything else is what was seen', () => {
    for (const seen of [
      { ...letThrough, verdict: 'forwards' },
      { ...refused, statuses: [502] },
      { ...refused, verdict: 'waits', statuses: [] },
    ] as const)
      expect(settled(known!.peer, one, seen)).toBe(seen);
  });

  test('concerns that program, that version and that case only', () => {
    expect(settled('HAProxy 2.8.0', one, refused)).toBe(refused);
    expect(settled('router', one, letThrough)).toBe(letThrough);
    expect(settled(known!.peer, { ...one, group: 'header syntax' }, refused)).toBe(refused);
  });
});
