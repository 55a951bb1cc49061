import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { aTenant } from '@lapidary/testing/fleet-fixtures';
import { parse } from 'yaml';
import { commandTree } from './command-tree.js';
import { run, type Ran } from './test/run-stampctl.js';
import { runToEnd } from './test/run-to-end.js';

let plane: FakeControlPlane;
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });

beforeEach(async () => {
  plane = await new FakeControlPlane().up();
  plane.onProvision = (job) => void setImmediate(() => runToEnd(plane, job));
});
afterEach(async () => plane.down());

const reading: [string, string[]][] = [
  ['stamps ls', ['stamps', 'ls']],
  ['stamps show', ['stamps', 'show', 'eu-1']],
  ['stamps cordon', ['stamps', 'cordon', 'eu-1', '--reason', 'test']],
  ['stamps uncordon', ['stamps', 'uncordon', 'eu-1']],
  ['tenants ls', ['tenants', 'ls']],
  ['tenants show', ['tenants', 'show', 'acme']],
  ['tenants explain', ['tenants', 'explain', 'acme']],
  ['tenants create', ['tenants', 'create', 'bank', '--region', 'eu', '--weight', '2', '--residency', 'eu,us', '-l', 'plan=gold']],
  ['tenants hosts add', ['tenants', 'hosts', 'add', 'acme', 'shop.example.com']],
  ['tenants hosts rm', ['tenants', 'hosts', 'rm', 'acme', 'shop.example.com']],
  ['tenants residency', ['tenants', 'residency', 'acme', 'eu,us', '--reason', 'contract']],
  ['tenants delete', ['tenants', 'delete', 'acme', '--yes']],
  ['regions ls', ['regions', 'ls']],
  ['jobs ls', ['jobs', 'ls']],
  ['route', ['route', 'acme.lapidary.localhost']],
  ['doctor', ['doctor']],
  ['version', ['version']],
  ['provision', ['provision', 'eu-2']],
  ['provision --no-wait', ['provision', 'eu-2', '--no-wait']],
  ['provision --dry-run', ['provision', 'eu-3', '--dry-run', '--capacity', '50']],
  ['context ls', ['context', 'ls']],
  ['context show', ['context', 'show']],
  ['context set', ['context', 'set', 'prod', '--server', 'http://127.0.0.1:9']],
];

describe.each(reading)('%s', (_, argv) => {
  test.each(['table', 'wide', 'name'])('-o %s prints text and ends with 0', async (format) => {
    const ran = await ctl(...argv, '-o', format);
    expect(ran).toMatchObject({ exit: 0 });
    expect(ran.out).not.toContain('undefined');
    expect(ran.out).not.toContain('[object');
    expect(ran.out).not.toContain('\u001b[');
  });

  test('-o json prints one JSON value, and nothing else, on stdout', async () => {
    const ran = await ctl(...argv, '-o', 'json');
    expect(ran.exit).toBe(0);
    expect(() => void JSON.parse(ran.out)).not.toThrow();
  });

  test('-o yaml says the same as JSON', async () => {
    const ran = await ctl(...argv, '-o', 'yaml');
    expect(ran.exit).toBe(0);
    expect(typeof parse(ran.out)).toBe('object');
  });

  test('a plain table fits 80 columns', async () => {
    const { out } = await ctl(...argv);
    expect(Math.max(...out.split('\n').map((l) => l.length))).toBeLessThanOrEqual(80);
  });
});

describe('help', () => {
  const groups = [...new Set(commandTree.map(({ path }) => path.split(' ').slice(0, -1)).map((words) => words.join(' ')))];

  test.each([...groups, ...commandTree.map(({ path }) => path)])(
    'of "%s" fits 80 columns and says where the common options are',
    async (path) => {
      const { out, exit } = await run([...path.split(' ').filter((word) => word !== ''), '--help']);
      expect(exit).toBe(0);
      // An example is a line to copy, and is not broken.
      const lines = out.split('\n').filter((line) => !line.startsWith('  $ '));
      expect(lines.filter((line) => line.length > 80)).toEqual([]);
      expect(out).toContain(path === '' ? '--if-unreachable' : 'Options of every command');
    },
  );
});

describe('lists', () => {
  test('are shown by "list" as well, as other tools call it', async () => {
    expect((await ctl('stamps', 'list')).out).toBe((await ctl('stamps', 'ls')).out);
  });

  test('are read to their end, page by page', async () => {
    for (let n = 0; n < 1203; n += 1) plane.tenants.set(`t${n}`, aTenant({ id: `t${n}` }));
    const ran = await ctl('tenants', 'ls', '-o', 'name');
    expect(ran.out.trim().split('\n')).toHaveLength(1204);
    expect(plane.seen).toHaveLength(3);
    expect((await ctl('tenants', 'ls', '-o', 'name', '-n', '7')).out.trim().split('\n')).toHaveLength(7);
  });

  test('an empty one is an empty list for scripts and a hint for people', async () => {
    plane.stamps.clear();
    expect(JSON.parse((await ctl('stamps', 'ls', '-o', 'json')).out)).toEqual({ items: [], next: null });
    expect(await ctl('stamps', 'ls')).toMatchObject({ out: '', err: expect.stringContaining('stampctl provision') as string });
  });
});
