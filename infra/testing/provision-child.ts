import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { ProvisionerMessageSchema, type ProvisionerMessage, type ProvisionRun } from '@lapidary/contracts/provisioner-protocol';

export interface ChildRun {
  readonly messages: readonly ProvisionerMessage[];
  readonly last: ProvisionerMessage | undefined;
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
}

/** Runs one operation in a real provisioning child. `onMessage` may kill it, cut the channel, or send it something. */
export const runChild = async (
  run: ProvisionRun,
  onMessage: (message: ProvisionerMessage, child: ChildProcess) => void = () => undefined,
): Promise<ChildRun> => {
  const child = fork(join(import.meta.dirname, '..', 'dist', 'engine', 'provisioner-main.js'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const messages: ProvisionerMessage[] = [];
  child.on('message', (raw) => {
    const message = ProvisionerMessageSchema.parse(raw);
    messages.push(message);
    onMessage(message, child);
  });
  child.send({ type: 'run', run });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.once('exit', (c, s) => resolve([c, s])),
  );
  return { messages, last: messages.at(-1), code, signal };
};

/** `create eu-2-database` and the like, of what was really done. */
export const doneOf = ({ messages }: ChildRun): readonly string[] =>
  messages.flatMap((m) => (m.type === 'resource' && m.status === 'done' && m.op !== 'same' ? [`${m.op} ${m.name}`] : []));
