import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { emptyFolder, run, type Ran } from './test/run-stampctl.js';

let plane: FakeControlPlane;
/** As long as it takes: whether a machine with little time answers within 400 ms is not what is asked here. */
const ctl = (...argv: string[]): Promise<Ran> =>
  run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token, STAMPCTL_COMPLETION_TIMEOUT: '30s' } });

beforeEach(async () => {
  plane = await new FakeControlPlane().up();
});
afterEach(async () => plane.down());

describe('completion', () => {
  test.each(['bash', 'zsh', 'fish'])('%s gets a script', async (shell) => {
    const ran = await run(['completion', shell]);
    expect(ran.exit).toBe(0);
    expect(ran.out).toMatch(/(stampctl|"\$program") complete --/);
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

  test.each(['1ms', 'soon'])('offers no names, and no errors, where they don’t come within what it may take: %s', async (timeout) => {
    const env = { STAMPCTL_SERVER: 'http://192.0.2.1:4400', STAMPCTL_TOKEN: plane.token, STAMPCTL_COMPLETION_TIMEOUT: timeout };
    const { out, err, exit } = await run(['complete', '--', 'stamps', 'show', ''], { env });
    expect({ err, exit }).toEqual({ err: '', exit: 0 });
    expect(out).not.toContain('eu-1');
  });

  test('without a control plane it offers words and no errors', async () => {
    expect(await run(['complete', '--', 'stamps', 'show', ''], { cwd: emptyFolder() })).toMatchObject({ exit: 0, err: '' });
  });
});

describe('in a bash that has nothing but bash', () => {
  const programs = resolve(import.meta.dirname, '../../../node_modules/.bin');
  /** What the tab key would offer at the end of a line, in a shell that has read the script twice. */
  const offered = async (line: string): Promise<string> => {
    const script = join(emptyFolder(), 'stampctl.bash');
    writeFileSync(script, (await run(['completion', 'bash'])).out);
    const shell = `source ${script}; source ${script}
COMP_LINE=$1 COMP_POINT=\${#1}; _stampctl; printf '%s ' "\${COMPREPLY[@]}"`;
    const env = {
      ...{ PATH: `${programs}${delimiter}${process.env.PATH}`, HOME: emptyFolder(), STAMPCTL_SERVER: plane.url },
      ...{ STAMPCTL_TOKEN: plane.token, STAMPCTL_COMPLETION_TIMEOUT: '30s' },
    };
    const { stdout, stderr } = await promisify(execFile)('bash', ['--norc', '--noprofile', '-c', shell, 'bash', line], { env });
    expect(stderr).toBe('');
    return stdout.trim();
  };

  test.each([
    ['stampctl sta', 'stamps'],
    ['stampctl stamps sh', 'show'],
    ['stampctl stamps show e', 'eu-1'],
    ['stampctl stamps ls -o ya', 'yaml'],
    ['stampctl  tenants   explain ac', 'acme'],
    ['stampctl nonsense', ''],
  ])('%s is completed to "%s"', async (line, word) => {
    expect(await offered(line)).toBe(word);
  });

  test('the tab key runs nothing that stands on the line', async () => {
    const trace = join(emptyFolder(), 'ran');
    await offered(`stampctl tenants show $(touch ${trace}) \`touch ${trace}\` a`);
    expect(existsSync(trace)).toBe(false);
  });
});
