import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { emptyFolder, run, type Ran } from './test/run-stampctl.js';

let plane: FakeControlPlane;
const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });

beforeEach(async () => {
  plane = await new FakeControlPlane().up();
});
afterEach(async () => plane.down());

describe('completion', () => {
  test.each(['bash', 'zsh', 'fish'])('%s gets a script', async (shell) => {
    const ran = await run(['completion', shell]);
    expect(ran.exit).toBe(0);
    expect(ran.out).toContain('stampctl complete --');
  });

  test('offers commands, formats, and the names of what exists', async () => {
    expect((await ctl('complete', '--', 'stam')).out).toContain('stamps');
    expect((await ctl('complete', '--', 'stamps', '')).out).toContain('cordon');
    expect((await ctl('complete', '--', 'stamps', 'show', '')).out).toContain('eu-1');
    expect((await ctl('complete', '--', 'tenants', 'explain', 'ac')).out).toContain('acme');
  });

  test('offers the forms that a command has, where they are others than most have', async () => {
    const offered = async (...words: string[]): Promise<string[]> => {
      const { out } = await ctl('complete', '--', ...words);
      return out.split('\n').map((line) => line.trim());
    };
    expect(await offered('drift', 'report', '-o', '')).toEqual(expect.arrayContaining(['md', 'html', 'csv', 'json']));
    expect(await offered('drift', 'report', '-o', '')).not.toContain('yaml');
    expect(await offered('stamps', 'ls', '-o', '')).toContain('yaml');
  });

  test('without a control plane it offers words and no errors', async () => {
    expect(await run(['complete', '--', 'stamps', 'show', ''], { cwd: emptyFolder() })).toMatchObject({ exit: 0, err: '' });
  });
});
