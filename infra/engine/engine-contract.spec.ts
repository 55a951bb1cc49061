import { jest } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalWorkspace, PulumiCommand, type LocalWorkspaceOptions, type PulumiFn, type Stack } from '@pulumi/pulumi/automation/index.js';
import { engineContract, type ContractEngine } from '../testing/engine-contract.js';
import { EmbeddedPulumiCommand } from './embedded-command.js';
import { scratchFolder } from '../testing/scratch.js';
import '../testing/no-stack-traces.js';

/** Every step is synced to disk, and the real CLI is a process per command. */
jest.setTimeout(180_000);

const homes: string[] = [];
afterAll(async () => {
  for (const home of homes) await rm(home, { recursive: true, force: true });
});

const openWith = async (commandFor: (directory: string, passphraseFile: string) => Promise<PulumiCommand>): Promise<ContractEngine> => {
  const home = await scratchFolder('contract');
  homes.push(home);
  const passphraseFile = join(home, 'passphrase');
  await writeFile(passphraseFile, 'a passphrase for tests');
  await mkdir(join(home, 'state'));
  const pulumiCommand = await commandFor(join(home, 'state'), passphraseFile);
  // The real CLI keeps a stack's config in its working directory, so that is one per stack and lasts.
  const options = async (stackName: string): Promise<LocalWorkspaceOptions> => {
    const workDir = join(home, 'work', stackName);
    await mkdir(workDir, { recursive: true });
    return {
      workDir,
      pulumiCommand,
      pulumiHome: join(home, 'pulumi'),
      projectSettings: { name: 'test', runtime: 'nodejs' },
      envVars: {
        PULUMI_BACKEND_URL: `file://${join(home, 'state')}`,
        PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile,
        PULUMI_SKIP_UPDATE_CHECK: 'true',
      },
    };
  };
  const args = (stackName: string, program: PulumiFn) => ({ stackName, projectName: 'test', program });
  return {
    create: async (name, program) => LocalWorkspace.createStack(args(name, program), await options(name)),
    select: async (name, program) => LocalWorkspace.selectStack(args(name, program), await options(name)),
    command: async ({ name, workspace }: Stack, words) => {
      await (workspace as unknown as { runPulumiCmd(words: string[]): Promise<unknown> }).runPulumiCmd([...words, '--stack', name]);
    },
  };
};

describe('the embedded engine', () => {
  engineContract(() =>
    openWith((directory, passphraseFile) =>
      Promise.resolve(
        new EmbeddedPulumiCommand({ directory, keys: { passphraseFile, stateKey: 'passphrase' }, providers: {} }).asPulumiCommand(),
      ),
    ),
  );
});

const isOnPath = spawnSync('pulumi', ['version'], { stdio: 'ignore' }).status === 0;
(isOnPath ? describe : describe.skip)('the real CLI (skipped where there is no "pulumi" on PATH)', () => {
  engineContract(() => openWith(() => PulumiCommand.get()));
});
