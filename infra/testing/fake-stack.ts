import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { LocalWorkspace, type PulumiFn, type Stack } from '@pulumi/pulumi/automation/index.js';
import { EmbeddedPulumiCommand } from '../engine/embedded-command.js';
import { EngineError } from '../engine/engine-error.js';
import type { PolicyGuard } from '../engine/policy-guard.js';
import type { ResourceProvider } from '../engine/resource-provider.js';
import type { StateKeySettings } from '../engine/secrets/state-keys.js';
import { scratchFolder } from './scratch.js';

/** A resource of the fake world (fake-world.ts). */
export class Thing extends pulumi.CustomResource {
  declare readonly made: pulumi.Output<string>;
  declare readonly value: pulumi.Output<string>;

  constructor(
    name: string,
    args: { readonly value: pulumi.Input<string>; readonly size?: number },
    options: pulumi.CustomResourceOptions = {},
  ) {
    super('fake:index:Thing', name, { ...args, made: undefined }, options);
  }
}

export interface EngineHome {
  readonly directory: string;
  readonly keys: StateKeySettings;
  open(stackName: string, world: ResourceProvider, program: PulumiFn, policies?: PolicyGuard): Promise<Stack>;
  remove(): Promise<void>;
}

/** A state directory of its own, and stacks in it behind the real Automation API. */
export const engineHome = async (passphrase = 'a passphrase for tests', stateKey = 'passphrase'): Promise<EngineHome> => {
  const root = await scratchFolder('engine');
  const directory = join(root, 'state');
  const passphraseFile = join(root, 'passphrase');
  await writeFile(passphraseFile, passphrase);
  const keys = { passphraseFile, stateKey };
  let opened = 0;
  return {
    directory,
    keys,
    open: async (stackName, world, program, policies) => {
      const workDir = join(root, `work-${(opened += 1)}`);
      await mkdir(workDir);
      const pulumiCommand = new EmbeddedPulumiCommand({
        directory,
        keys,
        providers: { fake: () => world, aws: () => world },
        ...(policies ? { policies } : {}),
      }).asPulumiCommand();
      return LocalWorkspace.createOrSelectStack(
        { stackName, projectName: 'test', program },
        { workDir, pulumiCommand, projectSettings: { name: 'test', runtime: 'nodejs' } },
      );
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
};

/** The engine's error behind what the SDK throws. */
export const causeOf = async (work: Promise<unknown>): Promise<EngineError> => {
  const error: unknown = await work.then(
    () => new Error('it was expected to fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof Error && error.cause instanceof EngineError) return error.cause;
  throw error;
};
