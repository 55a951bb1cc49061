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

  test('without a control plane it offers words and no errors', async () => {
    expect(await run(['complete', '--', 'stamps', 'show', ''], { cwd: emptyFolder() })).toMatchObject({ exit: 0, err: '' });
  });
});
