import { DatabaseTrouble } from './database-trouble.js';

const at = () => {
  let nowMs = 0;
  return { trouble: new DatabaseTrouble(() => nowMs), after: (ms: number) => void (nowMs += ms) };
};

describe('what a database refuses', () => {
  it('counts from its first time, for its last reason', () => {
    const { trouble, after } = at();
    expect(trouble.now).toBeNull();
    trouble.note('no room');
    const { since } = trouble.now!;
    after(1_000);
    trouble.note('no connection');
    expect(trouble.now).toMatchObject({ since, because: 'no connection' });
  });

  it('is not over by one write that goes through while others are refused, nor by silence', () => {
    const { trouble, after } = at();
    trouble.note('no room');
    for (let i = 0; i < 10; i += 1) {
      after(20_000);
      trouble.wrote();
      expect(trouble.now).not.toBeNull();
      trouble.note('no room');
    }
    after(3_600_000);
    expect(trouble.now).not.toBeNull();
    trouble.wrote();
    expect(trouble.now).toBeNull();
  });
});
