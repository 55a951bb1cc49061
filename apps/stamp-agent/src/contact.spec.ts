import { Contact } from './contact.js';

const start = (limitMs: number | null) => {
  const clocks = { wall: 1_000_000, monotonic: 5_000 };
  const contact = new Contact(
    limitMs,
    () => clocks.wall,
    () => clocks.monotonic,
  );
  return { clocks, contact };
};

describe('contact with the control plane', () => {
  it('without a limit is always fresh', () => {
    const { contact, clocks } = start(null);
    expect(contact.isFresh).toBe(true);
    clocks.wall += 1e12;
    expect(contact.isFresh).toBe(true);
  });

  it('with a limit is fresh up to it, and not before the first answer', () => {
    const { contact, clocks } = start(10_000);
    expect(contact.isFresh).toBe(false);
    contact.answered(contact.now());
    clocks.wall += 10_000;
    clocks.monotonic += 10_000;
    expect(contact.isFresh).toBe(true);
    clocks.wall += 1;
    expect(contact.isFresh).toBe(false);
  });

  it('counts from the question, not from the answer', () => {
    const { contact, clocks } = start(10_000);
    const asked = contact.now();
    clocks.monotonic += 6_000;
    clocks.wall += 6_000;
    contact.answered(asked);
    expect(contact.ageMs).toBe(6_000);
  });

  it('is not fooled by a machine that slept, nor by a wall clock that was set back', () => {
    const slept = start(10_000);
    slept.contact.answered(slept.contact.now());
    slept.clocks.wall += 60_000;
    expect(slept.contact.isFresh).toBe(false);
    const setBack = start(10_000);
    setBack.contact.answered(setBack.contact.now());
    setBack.clocks.wall -= 3_600_000;
    setBack.clocks.monotonic += 10_001;
    expect(setBack.contact.isFresh).toBe(false);
  });

  it('goes on after a restart from what the copy on disk says, also where that lies in the future', () => {
    const { contact, clocks } = start(10_000);
    contact.restore(clocks.wall - 9_000);
    expect(contact.ageMs).toBe(9_000);
    const ahead = start(10_000);
    ahead.contact.restore(ahead.clocks.wall + 50_000);
    ahead.clocks.monotonic += 10_001;
    expect(ahead.contact.isFresh).toBe(false);
  });
});
