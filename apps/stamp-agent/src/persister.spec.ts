import { Persister } from './persister.js';

/** A disk that writes when told to. */
const slowDisk = () => {
  let value = 0;
  const written: number[] = [];
  const pending: ((error?: Error) => void)[] = [];
  const persister = new Persister(async () => {
    const snapshot = value;
    await new Promise<void>((resolve, reject) => pending.push((error) => (error ? reject(error) : resolve())));
    written.push(snapshot);
  });
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { persister, written, set: (v: number) => void (value = v), finish: async (error?: Error) => (pending.shift()?.(error), turn()) };
};

describe('persister', () => {
  it('a save is done only when a write that began after it is done', async () => {
    const { persister, written, set, finish } = slowDisk();
    const first = persister.save();
    set(1);
    let done = false;
    const second = persister.save().then(() => (done = true));
    await finish();
    await first;
    expect(done).toBe(false);
    await finish();
    await second;
    expect(written).toEqual([0, 1]);
  });

  it('many saves during a write are one more write, with the newest value', async () => {
    const { persister, written, set, finish } = slowDisk();
    const saves = [persister.save()];
    for (let i = 1; i <= 100; i++) {
      set(i);
      saves.push(persister.save());
    }
    await finish();
    await finish();
    await Promise.all(saves);
    expect(written).toEqual([0, 100]);
  });

  it('tells each asker of a failed write, and writes again for those who came later', async () => {
    const { persister, written, finish } = slowDisk();
    const first = persister.save();
    const second = persister.save();
    const failed = expect(first).rejects.toThrow('disk full');
    await finish(new Error('disk full'));
    await failed;
    await finish();
    await second;
    expect(written).toEqual([0]);
  });
});
