import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { engineError } from './engine-error.js';
import { processStartTime } from './process-identity.js';

const LockSchema = z.object({ pid: z.number().int(), startTime: z.string(), acquiredAt: z.string(), released: z.boolean() });
type LockOwner = z.infer<typeof LockSchema>;

/** Each failed attempt means that another one took the lock meanwhile and gave it back; so often is no accident. */
const attemptsMax = 20;

interface Turn {
  readonly number: number;
  readonly owner: LockOwner | undefined;
}

/**
 * One operation per stack at a time, across processes of one machine. Turns are numbered files `<stack>.<n>`; the highest
 * one counts, and names its owner by pid and start time. A turn is over when it is released or its owner is dead; only then
 * the next number may be taken, by link(2), which one of many wins. The highest file is never removed before a higher one
 * exists: so whoever took a number on stale knowledge finds a higher one afterwards, and steps back. (A single lock file
 * that a taker moves away can't be made safe: between his look and his move it may have become another's.)
 */
export class StateLock {
  private constructor(
    private readonly directory: string,
    private readonly stack: string,
    private readonly number: number,
    private readonly owner: LockOwner,
  ) {}

  static async acquire(directory: string, stack: string): Promise<StateLock> {
    await mkdir(directory, { recursive: true });
    const owner = {
      pid: process.pid,
      startTime: processStartTime(process.pid) ?? '',
      acquiredAt: new Date().toISOString(),
      released: false,
    };
    const draft = join(directory, `draft-${randomUUID()}`);
    await writeFile(draft, JSON.stringify(owner), { mode: 0o600 });
    try {
      for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
        const last = await lastTurn(directory, stack);
        throwIfHeld(last);
        const number = last.number + 1;
        if (!(await linked(draft, turnFile(directory, stack, number)))) continue;
        if ((await lastTurn(directory, stack)).number > number) {
          await rm(turnFile(directory, stack, number), { force: true });
          continue;
        }
        await removeBelow(directory, stack, number);
        return new StateLock(directory, stack, number, owner);
      }
    } finally {
      await rm(draft, { force: true });
    }
    throw engineError('locked', 'the stack is currently locked by others that come and go');
  }

  async release(): Promise<void> {
    const draft = join(this.directory, `draft-${randomUUID()}`);
    await writeFile(draft, JSON.stringify({ ...this.owner, released: true }), { mode: 0o600 });
    await rename(draft, turnFile(this.directory, this.stack, this.number));
  }

  /** `pulumi cancel` removes locks. Here a dead owner's needs no removing, and a live one's is refused. */
  static async refuseWhileHeld(directory: string, stack: string): Promise<void> {
    throwIfHeld(await lastTurn(directory, stack));
  }
}

const throwIfHeld = ({ owner }: Turn): void => {
  if (owner === undefined || owner.released || processStartTime(owner.pid) !== owner.startTime) return;
  throw engineError('locked', `the stack is currently locked by process ${owner.pid} since ${owner.acquiredAt}`);
};

const turnFile = (directory: string, stack: string, number: number): string => join(directory, `${stack}.${number}`);

const numbersOf = async (directory: string, stack: string): Promise<readonly number[]> =>
  (await readdir(directory).catch(() => []))
    .filter((file) => file.startsWith(`${stack}.`))
    .map((file) => Number(file.slice(stack.length + 1)))
    .filter(Number.isInteger);

const lastTurn = async (directory: string, stack: string): Promise<Turn> => {
  const number = Math.max(0, ...(await numbersOf(directory, stack)));
  const text = await readFile(turnFile(directory, stack, number), 'utf8').catch(() => '');
  try {
    return { number, owner: LockSchema.parse(JSON.parse(text)) };
  } catch {
    // Turns are linked whole, so this one was written by nobody of us.
    return { number, owner: undefined };
  }
};

const removeBelow = async (directory: string, stack: string, number: number): Promise<void> => {
  for (const lower of await numbersOf(directory, stack)) if (lower < number) await rm(turnFile(directory, stack, lower), { force: true });
};

/** link(2) fails where the name exists and never shows half a file: create-if-absent with content. */
const linked = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};
