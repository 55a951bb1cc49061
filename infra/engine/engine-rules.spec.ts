import fc from 'fast-check';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCliArguments } from './cli-arguments.js';
import { deletionOrder } from './deletion-order.js';
import { changedKeys, changedPaths } from './diff.js';
import { masked, plain, secret, secretMask, secretTexts, type PropertyMap, type PropertyValue } from './property-values.js';
import { replacingKeys } from './replace-rules.js';
import { SecretScrubber } from './secret-scrubber.js';
import { StateLock } from './state-lock.js';
import type { ResourceState } from './state-model.js';
import { makeUrn, nameOf, packageOf, typeOf } from './urn.js';

const resource = (n: number, needs: readonly number[]): ResourceState => ({
  urn: `urn:${n}`,
  type: 't',
  custom: true,
  id: String(n),
  parent: needs.length > 1 ? `urn:${needs[0]}` : '',
  provider: needs.length > 2 ? `urn:${needs[1]}::id` : '',
  inputs: {},
  outputs: {},
  dependencies: needs.map((need) => `urn:${need}`),
  protect: false,
  retainOnDelete: false,
  deletedWith: '',
  secretOutputs: [],
  condemned: false,
});

describe('deletion order', () => {
  /** Each resource may need any that were registered before it. */
  const graphs = fc
    .integer({ min: 1, max: 12 })
    .chain((size) =>
      fc.tuple(
        ...Array.from({ length: size }, (_, n) => fc.uniqueArray(fc.nat({ max: Math.max(0, n - 1) }), { maxLength: n === 0 ? 0 : 3 })),
      ),
    )
    .map((needs) => needs.map((of, n) => resource(n, of)));

  test('deletes each resource once, and only after all that need it', () => {
    fc.assert(
      fc.property(graphs, (all) => {
        const order = deletionOrder(all);
        const position = new Map(order.map((r, at) => [r.urn, at]));
        return position.size === all.length && all.every((r) => r.dependencies.every((need) => position.get(need)! > position.get(r.urn)!));
      }),
    );
  });

  test('ends also where a damaged state holds a cycle', () => {
    expect(deletionOrder([resource(0, [1]), resource(1, [0])])).toHaveLength(2);
  });
});

/** JSON with secrets anywhere, of texts long enough to be told apart. */
const { value: values } = fc.letrec<{ value: PropertyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<PropertyValue>(null, true, 7, 'open text'),
    fc.uuid().map((text) => secret(text)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3 }),
    tie('value').map((inner) => secret(inner)),
  ),
}));

describe('secrets in values', () => {
  test('masking leaves none of their texts, and plain loses none', () => {
    fc.assert(
      fc.property(values, (value) => {
        const texts = secretTexts(value).filter((text) => text !== 'open text');
        const [hidden, open] = [JSON.stringify(masked(value)), JSON.stringify(plain(value))];
        return texts.every((text) => !hidden.includes(text) && open.includes(text));
      }),
    );
  });

  test('a value does not differ from itself, marked or not', () => {
    fc.assert(fc.property(values, (value) => changedKeys({ v: value }, { v: plain(value) }).length === 0));
  });

  test('the scrubber removes the whole URL, not only the password in it', () => {
    const scrubber = new SecretScrubber();
    scrubber.learn([secret('hunter2!'), secret({ url: 'pg://u:hunter2!@h' }), secret('ab')]);
    expect(scrubber.scrub('can’t reach pg://u:hunter2!@h with hunter2! about')).toBe(`can’t reach ${secretMask} with ${secretMask} about`);
  });
});

describe('diff', () => {
  test('names the changed path one level down, and lists as a whole', () => {
    const old: PropertyMap = { env: { A: '1', B: secret('x') }, list: [1], same: { deep: [1] } };
    expect(changedPaths(old, { env: { A: '1', B: secret('y'), C: '' }, list: [2], same: { deep: [1] } })).toEqual([
      'env.B',
      'env.C',
      'list',
    ]);
  });

  test('knows what a cloud can’t change in place', () => {
    expect(replacingKeys('aws:ec2/vpc:Vpc', ['tags', 'cidrBlock'])).toEqual(['cidrBlock']);
    expect(replacingKeys('aws:unknown:Thing', ['anything'])).toEqual([]);
  });
});

describe('the command line as the SDK writes it', () => {
  test.each([
    [['up', '--yes', '--message', 'a --b', '--client=127.0.0.1:1'], ['up'], { yes: 'true', message: 'a --b', client: '127.0.0.1:1' }],
    [
      ['config', 'set', 'k', '--stack', 's', '--secret', '--non-interactive', '--', '--value'],
      ['config', 'set', 'k', '--value'],
      { stack: 's', secret: 'true', 'non-interactive': 'true' },
    ],
    [['stack', 'output', '--json', '--stack', 'o/p/s'], ['stack', 'output'], { json: 'true', stack: 'o/p/s' }],
  ])('%j', (args, words, flags) => {
    const parsed = parseCliArguments(args);
    expect(parsed.words).toEqual(words);
    expect(Object.fromEntries(parsed.flags)).toEqual(flags);
  });

  test('set-all keeps values with "=" and "--" whole', () => {
    expect(parseCliArguments(['config', 'set-all', '--plaintext', 'a=b=c', '--secret', 'p=--x', '--stack', 's']).assignments).toEqual([
      { key: 'a', value: 'b=c', secret: false },
      { key: 'p', value: '--x', secret: true },
    ]);
  });
});

test('URNs carry the types of the parents, without the stack’s', () => {
  const root = makeUrn('eu-1', 'p', 'pulumi:pulumi:Stack', 'p-eu-1', '');
  const parent = makeUrn('eu-1', 'p', 'lapidary:stamp:Data', 'data', root);
  const urn = makeUrn('eu-1', 'p', 'aws:rds/instance:Instance', 'db', parent);
  expect(urn).toBe('urn:pulumi:eu-1::p::lapidary:stamp:Data$aws:rds/instance:Instance::db');
  expect([typeOf(urn), nameOf(urn), packageOf(typeOf(urn)), packageOf('pulumi:providers:aws')]).toEqual([
    'aws:rds/instance:Instance',
    'db',
    'aws',
    'aws',
  ]);
});

describe('the lock of a stack', () => {
  test('of many that want it at once, over a dead one’s lock, one gets it; afterwards the next', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lapidary-lock-'));
    for (let round = 1; round <= 20; round += 1) {
      await writeFile(
        join(directory, `eu-1.${round * 100}`),
        JSON.stringify({ pid: 2 ** 22 + 1, startTime: '1', acquiredAt: 'then', released: false }),
      );
      const results = await Promise.allSettled(Array.from({ length: 12 }, () => StateLock.acquire(directory, 'eu-1')));
      const won = results.flatMap((r) => (r.status === 'fulfilled' ? [r.value] : []));
      expect(won).toHaveLength(1);
      expect(results.every((r) => r.status === 'fulfilled' || (r.reason as { code: string }).code === 'locked')).toBe(true);
      await won[0]!.release();
    }
    await (await StateLock.acquire(directory, 'eu-1')).release();
    // One small file per stack, whatever happened.
    expect(await readdir(directory)).toHaveLength(1);
    await rm(directory, { recursive: true });
  });

  test('never has two owners, however takers and releasers are interleaved', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lapidary-lock-'));
    let owners = 0;
    let turns = 0;
    const taker = async (): Promise<void> => {
      for (let tries = 0; tries < 40; tries += 1) {
        const lock = await StateLock.acquire(directory, 'eu-1').catch(() => undefined);
        if (lock === undefined) continue;
        owners += 1;
        turns += 1;
        expect(owners).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        owners -= 1;
        await lock.release();
      }
    };
    await Promise.all(Array.from({ length: 8 }, taker));
    expect(turns).toBeGreaterThan(8);
    await rm(directory, { recursive: true });
  });
});
