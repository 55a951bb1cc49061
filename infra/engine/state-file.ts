import { access, open, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { engineError } from './engine-error.js';
import { PassphraseCipher, WrongPassphrase } from './passphrase-cipher.js';
import {
  mapSecrets,
  plain,
  sealedContent,
  sealedSecret,
  secret,
  secretContent,
  type PropertyMap,
  type PropertyValue,
} from './property-values.js';
import type { StackStore } from './stack-store.js';
import { StackStateSchema, type StackState } from './state-model.js';

const suffix = '.stack.json';
const SealedFileSchema = z.object({ encryption: z.object({ salt: z.string(), probe: z.string() }), state: z.unknown() });

/**
 * One stack's state on disk. Written whole to a temporary file, synced, renamed, and the directory synced: after any crash
 * the file is the old one or the new one. Secrets in it, config included, are encrypted.
 */
export class StateFile implements StackStore {
  readonly path: string;
  private cipher: PassphraseCipher | undefined;

  constructor(
    directory: string,
    private readonly stack: string,
    private readonly passphraseFile: string,
    /** Token of the lease under which this process writes; undefined where it needs none. */
    private readonly fence?: number,
  ) {
    this.path = join(directory, `${stack}${suffix}`);
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
    this.cipher = await this.openCipher(file.data.encryption);
    const cipher = this.cipher;
    const state = StackStateSchema.safeParse(file.data.state);
    if (!state.success)
      throw engineError('state_unusable', `the state file of ${this.stack} has another format: ${state.error.issues[0]?.path.join('.')}`);
    return transform(
      state.data,
      (sealed) => secret(parseJson(cipher.decrypt(sealedContent(sealed) ?? '')) as PropertyValue),
      (text) => cipher.decrypt(text),
    );
  }

  async save(state: StackState): Promise<void> {
    await this.passFence();
    this.cipher ??= PassphraseCipher.create(await this.passphrase(), this.stack);
    const cipher = this.cipher;
    const sealed = transform(
      state,
      (open) => sealedSecret(cipher.encrypt(JSON.stringify(plain(secretContent(open))))),
      (text) => cipher.encrypt(text),
    );
    await writeDurably(this.path, JSON.stringify({ encryption: cipher.header, state: sealed }, null, 1));
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

  private async openCipher(header: { salt: string; probe: string }): Promise<PassphraseCipher> {
    try {
      return PassphraseCipher.open(await this.passphrase(), this.stack, header);
    } catch (error) {
      if (error instanceof WrongPassphrase) throw engineError('state_unusable', error.message);
      throw error;
    }
  }

  private async passphrase(): Promise<string> {
    const text = await readFile(this.passphraseFile, 'utf8').catch(() => '');
    if (text.trim() === '') throw engineError('state_unusable', `there is no passphrase in ${this.passphraseFile}`);
    return text.trim();
  }
}

type Branch = Parameters<Parameters<typeof mapSecrets>[1]>[0];

/** The state with every secret, in properties and in config, passed through the two functions. */
const transform = (state: StackState, onSecret: (found: Branch) => PropertyValue, onConfig: (text: string) => string): StackState => {
  const map = (values: PropertyMap): PropertyMap => mapSecrets(values, onSecret) as PropertyMap;
  return {
    ...state,
    config: Object.fromEntries(
      Object.entries(state.config).map(([key, entry]) => [key, entry.secret ? { ...entry, value: onConfig(entry.value) } : entry]),
    ),
    resources: state.resources.map((r) => ({ ...r, inputs: map(r.inputs), outputs: map(r.outputs) })),
    pendingOperations: state.pendingOperations.map((p) => ({ ...p, inputs: map(p.inputs) })),
    outputs: map(state.outputs),
  };
};

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
