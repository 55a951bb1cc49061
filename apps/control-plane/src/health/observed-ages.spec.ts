import { ObservedAges } from './observed-ages.js';

const day = 86_400_000;
const at = 1_000 * day;

describe('the age of what the database has noted', () => {
  const ages = (): ObservedAges => {
    const made = new ObservedAges();
    made.look(at, 5_000);
    return made;
  };

  it('is by the database’s clock when it is seen first', () => {
    expect(ages().ageMs('beat', at - 2_000)).toBe(2_000);
    expect(ages().ageMs('beat', null)).toBeNull();
  });

  it('goes on where the clock was set back: what is dead stays dead', () => {
    const seen = ages();
    seen.ageMs('beat', at - 2_000);
    seen.look(at - day, 15_000);
    expect(seen.ageMs('beat', at - 2_000)).toBe(12_000);
  });

  it('does not jump where the clock was set forward, also of a beat that was noted just before', () => {
    const seen = ages();
    seen.ageMs('beat', at - 200);
    seen.look(at + day + 1_000, 6_000);
    expect(seen.ageMs('beat', at - 200)).toBe(1_200);
    expect(seen.ageMs('other', at + 800)).toBe(200);
    expect(seen.ageMs('third', at + day + 900)).toBe(100);
  });

  it('begins anew with a time that lies ahead, and from then on grows', () => {
    const seen = ages();
    expect(seen.ageMs('beat', at + day)).toBe(0);
    seen.look(at + 4_000, 9_000);
    expect(seen.ageMs('beat', at + day)).toBe(4_000);
  });
});
