import { markOf } from '@lapidary/testing/proves';
import { declaredProofs, unproved } from './declared-proofs.js';
import { renderProofs } from './what-works-page.js';

const proof = { operation: 'place', failure: 'regions-cut', outcome: 'works' } as const;
const literal = `{ operation: 'place', failure: 'regions-cut', outcome: 'works' }`;
const read = (text: string) => declaredProofs('a.spec.ts', text);

test('a title that proves something is read with what it proves, also over a table', () => {
  const text = `it(proves('does it', ${literal}, { operation: 'route', failure: 'nats-down', outcome: 'waits' }), () => {});
    test.each([1])(proves('does %s too', ${literal}), () => {});`;
  expect(read(text).map(({ title, operation, failure, outcome }) => [title, operation, failure, outcome])).toEqual([
    ['does it', 'place', 'regions-cut', 'works'],
    ['does it', 'route', 'nats-down', 'waits'],
    ['does %s too', 'place', 'regions-cut', 'works'],
  ]);
});

test.each([
  ['a test that is skipped', `it.skip(proves('x', ${literal}), () => {})`],
  ['one that is still to be written', `${'it'}.todo(proves('x', ${literal}))`],
  ['one that is focused', `${'test'}.only(proves('x', ${literal}), () => {})`],
  ['a table that is skipped', `it.skip.each([1])(proves('x', ${literal}), () => {})`],
  ['a title that belongs to no test', `const title = proves('x', ${literal});`],
  ['a title that is computed', `it(proves(title, ${literal}), () => {})`],
  ['an operation that there is not', `it(proves('x', { operation: 'fly', failure: 'regions-cut', outcome: 'works' }), () => {})`],
  ['an outcome from elsewhere', `it(proves('x', { operation: 'place', failure: 'regions-cut', outcome }), () => {})`],
  ['a proof without a failure', `it(proves('x', { operation: 'place', outcome: 'works' }), () => {})`],
])('%s is refused', (_, text) => expect(() => read(text)).toThrow(/^a\.spec\.ts:1: /));

test('a proof stands only where a test of that title passed in the run', () => {
  const declared = read(`it(proves('does it', ${literal}), () => {}); it.each([1])(proves('does %s too', ${literal}), () => {});`);
  expect(unproved(declared, [`does it ${markOf(proof)}`, `does 1 too ${markOf(proof)}`])).toEqual([]);
  expect(unproved(declared, [`does 1 too ${markOf(proof)}`]).map((p) => p.title)).toEqual(['does it']);
  expect(unproved(declared, ['does it', 'does 1 too'])).toHaveLength(2);
  expect(unproved(declared, [])).toHaveLength(2);
});

test('a cell says "works" only with a proof, and two tests that disagree are refused', () => {
  const page = renderProofs(read(`it(proves('does it', ${literal}), () => {})`));
  expect(page.match(/\*\*works\*\* \[1\]/g)).toHaveLength(1);
  expect(page).toContain('1. `a.spec.ts`: does it');
  expect(renderProofs([])).not.toMatch(/^\|.*\*\*/m);
  const disagreeing = read(
    `it(proves('a', ${literal}), f); it(proves('b', { operation: 'place', failure: 'regions-cut', outcome: 'waits' }), f);`,
  );
  expect(() => renderProofs(disagreeing)).toThrow(/works and waits/);
});
