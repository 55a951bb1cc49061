import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ProvisionerMessageSchema,
  ProvisionRunSchema,
  type ProvisionerMessage,
  type ProvisionRun,
} from '@lapidary/contracts/provisioner-protocol';
import { SimulatedWorldSchema, simulatedWorldFile, type SimulatedWorld } from '@lapidary/contracts/simulated-world';
import { provision } from '../engine/provisioner.js';
import { euFacts, specOf } from './specs.js';
import { scratchFolder } from './scratch.js';

export interface ProvisionHome {
  readonly directory: string;
  stateFile(stamp?: string): string;
  runOf(operation: ProvisionRun['operation'], overrides?: Partial<ProvisionRun['spec']>): ProvisionRun;
  /** In this process, as the child would. `onMessage` may abort it. */
  perform(run: ProvisionRun, onMessage?: (message: ProvisionerMessage, stop: () => void) => void): Promise<ProvisionerMessage[]>;
  /** What the simulated cloud holds of a stamp. */
  cloudOf(stamp?: string): Promise<SimulatedWorld>;
  remove(): Promise<void>;
}

/** A folder for the runs of one test: stamp eu-2 of the small profile on the simulated AWS unless said otherwise. */
export const provisionHome = async (): Promise<ProvisionHome> => {
  const directory = await scratchFolder('provisioner');
  await writeFile(join(directory, 'passphrase'), 'a passphrase for tests');
  const state = join(directory, 'state');
  return {
    directory,
    stateFile: (stamp = 'eu-2') => join(state, `${stamp}.stack.json`),
    runOf: (operation, overrides = {}) => ({
      operation,
      spec: specOf({ workload: { version: '1' }, ...overrides }),
      regionFacts: euFacts,
      engine: 'embedded',
      stateDir: state,
      passphraseFile: join(directory, 'passphrase'),
      local: null,
    }),
    perform: async (run, onMessage = () => undefined) => {
      const messages: ProvisionerMessage[] = [];
      const aborted = new AbortController();
      const send = (message: ProvisionerMessage): void => {
        messages.push(ProvisionerMessageSchema.parse(message));
        onMessage(message, () => aborted.abort());
      };
      await provision(ProvisionRunSchema.parse(run), send, aborted.signal);
      return messages;
    },
    cloudOf: async (stamp = 'eu-2') =>
      SimulatedWorldSchema.parse(JSON.parse(await readFile(join(state, simulatedWorldFile(stamp)), 'utf8').catch(() => '{}'))),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
};

/** "update Instance eu-2-database" of all that was changed, in the order in which it was done. */
export const changesIn = (messages: readonly ProvisionerMessage[]): string[] =>
  messages.flatMap((m) =>
    m.type === 'resource' && m.status === 'done' && m.op !== 'same' ? [`${m.op} ${m.resourceType.split(':').at(-1)} ${m.name}`] : [],
  );

export const resultIn = (messages: readonly ProvisionerMessage[]) => {
  const last = messages.at(-1);
  if (last?.type !== 'result') throw new Error(`no result but ${JSON.stringify(last)}`);
  return last;
};
