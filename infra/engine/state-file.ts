import { access, open, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { engineError } from './engine-error.js';
import { openState, sealState } from './secrets/sealed-state.js';
import { KeyHeaderSchema, type KeyHeader } from './secrets/key-provider.js';
import { StateCipher } from './secrets/state-cipher.js';
import { StateKeys, type StateKeySettings } from './secrets/state-keys.js';
import type { StackStore } from './stack-store.js';
import { StackStateSchema, type StackState } from './state-model.js';

const suffix = '.stack.json';
const SealedFileSchema = z.object({ encryption: KeyHeaderSchema, state: z.unknown() });

/**
 * One stack's state on disk. Written whole to a temporary file, synced, renamed, and the directory synced: after any crash
 * the file is the old one or the new one. Secrets in it, config included, are encrypted.
 */
export class StateFile implements StackStore {
  readonly path: string;
  private readonly keys: StateKeys;
  private loaded: StateCipher | undefined;
  /** Chosen by the first save and kept: a key provider that goes out of reach must not stop the checkpoints of what is under way. */
  private writing: StateCipher | undefined;

  constructor(
    directory: string,
    private readonly stack: string,
    settings: StateKeySettings,
    /** Token of the lease under which this process writes; undefined where it needs none. */
    private readonly fence?: number,
  ) {
    this.path = join(directory, `${stack}${suffix}`);
    this.keys = new StateKeys(settings, stack);
  }

  static async stacksIn(directory: string): Promise<readonly string[]> {
    const files = await readdir(directory).catch(() => []);
    return files.filter((file) => file.endsWith(suffix)).map((file) => file.slice(0, -suffix.length));
  }

  exists(): Promise<boolean> {
    return access(this.path).then(
      () => true,
      () => false,
    );
  }

  async load(): Promise<StackState | undefined> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw engineError('state_unusable', `the state file of ${this.stack} can't be read: ${error.code ?? error.message}`);
    });
    if (text === undefined) return undefined;
    const file = SealedFileSchema.safeParse(parseJson(text));
    if (!file.success)
      throw engineError('state_unusable', `the state file of ${this.stack} is damaged; restore it from a backup: ${this.path}`);
    const { encryption } = file.data;
    const cipher = StateCipher.checked(await this.keys.open(encryption), this.stack, encryption);
    this.loaded = cipher;
    const state = StackStateSchema.safeParse(file.data.state);
    if (!state.success)
      throw engineError('state_unusable', `the state file of ${this.stack} has another format: ${state.error.issues[0]?.path.join('.')}`);
    return openState(state.data, cipher);
  }

  async save(state: StackState): Promise<void> {
    await this.passFence();
    const cipher = (this.writing ??= await this.cipherForWriting());
    await writeDurably(this.path, JSON.stringify({ encryption: cipher.header, state: sealState(state, cipher) }, null, 1));
  }

  /** What the file is sealed with, read without any key; undefined where there is no file that says so. */
  async sealedWith(): Promise<KeyHeader | undefined> {
    const text = await readFile(this.path, 'utf8').catch(() => '');
    return SealedFileSchema.safeParse(parseJson(text)).data?.encryption;
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
    await rm(`${this.path}.tmp`, { force: true });
    await rm(this.fencePath, { force: true });
  }

  private get fencePath(): string {
    return `${this.path}.fence`;
  }

  /** Whoever writes under an older lease than the last writer's has lost it without noticing, and writes no more. */
  private async passFence(): Promise<void> {
    if (this.fence === undefined) return;
    const last = Number(await readFile(this.fencePath, 'utf8').catch(() => '0'));
    if (last > this.fence)
      throw engineError('lease_lost', `the stack ${this.stack} was taken over by another (lease ${last}, ours ${this.fence})`);
    if (last < this.fence) await writeDurably(this.fencePath, String(this.fence));
  }

  private async cipherForWriting(): Promise<StateCipher> {
    if (this.loaded !== undefined && (await this.keys.isCurrent(this.loaded.header))) return this.loaded;
    return new StateCipher(await this.keys.create(), this.stack);
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Only its owner may read what holds secrets, even sealed ones. */
const privateMode = 0o600;

export const writeDurably = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  // One name, so that a crash leaves at most one such file and the next write replaces it; writers hold the stack's lock.
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w', privateMode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const directory = await open(dirname(path), 'r');
  try {
    // Without this the rename itself may be lost when the machine loses power.
    await directory.sync();
  } finally {
    await directory.close();
  }
};
