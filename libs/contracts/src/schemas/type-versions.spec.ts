import fc from 'fast-check';
import { z } from 'zod';
import { TypeVersions, type Upcaster, type WireData } from './type-versions.js';

/** A type that lived: one name, then two, then a list of them, with a default for what was never said. */
const schemas = {
  'lapidary.guest.seen.v1': z.object({ name: z.string() }),
  'lapidary.guest.seen.v2': z.object({ first: z.string(), last: z.string() }),
  'lapidary.guest.seen.v3': z.object({ names: z.array(z.string()), room: z.number().default(0) }),
  'lapidary.guest.gone.v1': z.object({ name: z.string() }),
};
const toTwo: Upcaster = {
  from: 'lapidary.guest.seen.v1',
  change: 'the name in two parts',
  upcast: ({ name, ...rest }) => {
    const [first = '', ...last] = (name as string).split(' ');
    return { ...rest, first, last: last.join(' ') };
  },
};
const toList: Upcaster = {
  from: 'lapidary.guest.seen.v2',
  change: 'any number of names',
  upcast: ({ first, last, ...rest }) => ({ ...rest, names: [first, last] }),
};
const versions = new TypeVersions(schemas, [toTwo, toList]);
const name = fc.string().filter((text) => !text.includes('  '));

describe('versions of a type (P-SC1)', () => {
  it('every version is brought to the newest step by step: from v1 the same as from what v1 becomes', () => {
    fc.assert(
      fc.property(name, fc.dictionary(fc.constantFrom('mood', 'seat'), fc.jsonValue()), (text, more) => {
        const data = { ...more, name: text };
        const frozen: WireData = Object.freeze(data);
        const fromOne = versions.read('lapidary.guest.seen.v1', frozen);
        const fromTwo = versions.read('lapidary.guest.seen.v2', toTwo.upcast(data));
        expect(fromOne).toEqual(fromTwo);
        const [first = '', ...last] = text.split(' ');
        // Unknown fields go all the way; the default is the newest schema's.
        expect(fromOne).toEqual({
          ok: true,
          type: 'lapidary.guest.seen.v3',
          data: { ...more, names: [first, last.join(' ')] },
          parsed: { names: [first, last.join(' ')], room: 0 },
        });
      }),
      { numRuns: 200 },
    );
  });

  it('the newest version is read as it came', () => {
    const data = { names: [], room: 4, more: true };
    expect(versions.read('lapidary.guest.seen.v3', data)).toMatchObject({ ok: true, data, parsed: { names: [], room: 4 } });
    expect(versions.newestOf('lapidary.guest.seen.v1')).toBe('lapidary.guest.seen.v3');
    expect(versions.newestOf('lapidary.guest.gone.v1')).toBe('lapidary.guest.gone.v1');
  });

  it('a newer version and a new type are unknown, not malformed: a newer code reads them', () => {
    expect(versions.read('lapidary.guest.seen.v4', { names: [] })).toMatchObject({
      ok: false,
      why: 'unknown',
      message: expect.stringContaining('up to v3'),
    });
    expect(versions.read('lapidary.guest.asked.v1', {})).toMatchObject({ ok: false, why: 'unknown' });
    expect([versions.knows('lapidary.guest.seen.v2'), versions.knows('lapidary.guest.seen.v4')]).toEqual([true, false]);
  });

  it('data are checked by the version that they say, before any step, and after each', () => {
    expect(versions.read('lapidary.guest.seen.v1', { names: ['x'] })).toMatchObject({ ok: false, why: 'misfit' });
    const wrong = new TypeVersions(schemas, [{ ...toTwo, upcast: () => ({ first: 7 }) }, toList]);
    expect(wrong.read('lapidary.guest.seen.v1', { name: 'x' })).toMatchObject({
      ok: false,
      message: expect.stringContaining('v2 after the steps'),
    });
    let deep: unknown = 0;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(versions.read('lapidary.guest.seen.v1', { name: 'x', deep })).toMatchObject({
      ok: false,
      message: expect.stringContaining('too deep'),
    });
  });

  it.each([
    ['a step is missing', schemas, [toList], /no upcaster leads from lapidary.guest.seen.v1/],
    ['a version is missing', { 'lapidary.a.b.v1': z.object({}), 'lapidary.a.b.v3': z.object({}) }, [], /v2 is missing/],
    ['two steps lead from one version', schemas, [toTwo, toTwo, toList], /two upcasters/],
    ['a step leads nowhere', schemas, [toTwo, toList, { ...toTwo, from: 'lapidary.guest.gone.v1' }], /leads nowhere/],
    ['a name has no version', { 'lapidary.guest': z.object({}) }, [], /does not end in a version/],
  ])('nothing starts where %s', (_what, of, steps, message) => {
    expect(() => new TypeVersions(of, steps)).toThrow(message);
  });
});
