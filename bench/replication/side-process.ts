import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** One side of a peer in a process of its own, asked over the channel that Node gives parent and child. */
export class SideProcess {
  private readonly waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  private readonly child: ChildProcess;
  private asked = 0;

  constructor(file: string) {
    this.child = fork(file, { execArgv: process.execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.child.on('message', (message: Answer) => {
      const { resolve, reject } = this.waiting.get(message.id)!;
      this.waiting.delete(message.id);
      if (message.error === undefined) resolve(message.value);
      else reject(new Error(message.error));
    });
    this.child.on('exit', (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`${file} ended with ${code}`));
    });
  }

  async ask<T>(what: string, ...args: readonly unknown[]): Promise<T> {
    const id = (this.asked += 1);
    const answer = new Promise<unknown>((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.child.send({ id, what, args });
    return (await answer) as T;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** In the child: answers what is asked, one after the other. */
export const answerParent = (answers: Readonly<Record<string, (...args: never[]) => unknown>>): void => {
  let before: Promise<unknown> = Promise.resolve();
  const answer = async ({ id, what, args }: { id: number; what: string; args: never[] }): Promise<void> => {
    try {
      process.send!({ id, value: await answers[what]!(...args) });
    } catch (error) {
      process.send!({ id, error: String(error) });
    }
  };
  process.on('message', (message: { id: number; what: string; args: never[] }) => (before = before.then(() => answer(message))));
  process.on('disconnect', () => process.exit(0));
};
