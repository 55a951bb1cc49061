import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensurePeer } from '@lapidary/tools/peers/ensure-peer';
import { compare } from './differential/compare.ts';
import { conformancePage } from './differential/page.ts';

const root = resolve(import.meta.dirname, '../..');
const documented = readFileSync(join(root, 'docs/reference/http-conformance.md'), 'utf8');

/** Some machines can't have them: no apt, no network. Then that is said, and only then nothing is compared. */
const absent = await Promise.all((['nginx', 'haproxy'] as const).map((name) => ensurePeer(name, root)))
  .then(() => null)
  .catch((error: unknown) => (error as Error).message);

if (absent === null) {
  it('router, nginx and HAProxy do with each case of the corpus what the page of conformance says', async () => {
    const { names, rows } = await compare();
    const ours = rows.filter(({ seen }) => seen[0]!.verdict === 'forwards, unreadable').map(({ id }) => id);
    expect(ours).toEqual([]);
    // Other versions of them may do otherwise; then the page is written anew, by whoever has these.
    if (names.every((name) => documented.includes(`| ${name} | `))) expect(conformancePage(names, rows)).toBe(documented);
  }, 300_000);
} else {
  it.skip(`nginx and HAProxy are absent, and nothing was compared: ${absent}`, () => undefined);
}
