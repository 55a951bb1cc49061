import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyHeaderSchema, type KeyHeader } from '../engine/secrets/key-provider.js';
import { StateCipher } from '../engine/secrets/state-cipher.js';
import { StateKeys, type StateKeySettings } from '../engine/secrets/state-keys.js';
import { StateFile } from '../engine/state-file.js';
import { emptyState } from '../engine/state-model.js';

const refused = { code: 'state_unusable' };
const asStored = (header: KeyHeader): KeyHeader => KeyHeaderSchema.parse(JSON.parse(JSON.stringify(header)));

/** What a provider of keys must do, whatever it is (state-keys.spec.ts). `settings` may be asked for again and again. */
export const keyProviderContract = (settings: () => StateKeySettings): void => {
  const keysOf = (stack: string): StateKeys => new StateKeys(settings(), stack);
  const sealed = async (stack: string): Promise<{ cipher: StateCipher; header: KeyHeader }> => {
    const cipher = new StateCipher(await keysOf(stack).create(), stack);
    return { cipher, header: asStored(cipher.header) };
  };
  const opened = async (stack: string, header: KeyHeader): Promise<StateCipher> =>
    StateCipher.checked(await keysOf(stack).open(header), stack, header);

  test('a key that was made is had again by what the file says of it', async () => {
    const { cipher, header } = await sealed('eu-1');
    expect((await opened('eu-1', header)).decrypt(cipher.encrypt('geheim ✓'))).toBe('geheim ✓');
    expect(await keysOf('eu-1').isCurrent(header)).toBe(true);
  });

  test('keys are 32 bytes, never the same twice, and nowhere in what the file says', async () => {
    const [one, two] = [await keysOf('eu-1').create(), await keysOf('eu-1').create()];
    expect(one.key).toHaveLength(32);
    expect(one.key.equals(two.key)).toBe(false);
    for (const encoding of ['hex', 'base64'] as const) expect(JSON.stringify(one.header)).not.toContain(one.key.toString(encoding));
  });

  test('nothing opens for another stack, or with another file’s header', async () => {
    const [one, two] = [await sealed('eu-1'), await sealed('eu-1')];
    await expect(opened('eu-2', one.header)).rejects.toMatchObject(refused);
    await expect(opened('eu-1', { ...one.header, probe: two.header.probe })).rejects.toMatchObject(refused);
    expect(() => two.cipher.decrypt(one.cipher.encrypt('x'))).toThrow();
  });

  test('a ciphertext that was tampered with does not open', async () => {
    const { cipher } = await sealed('eu-1');
    const bytes = Buffer.from(cipher.encrypt('geheim'), 'base64');
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    expect(() => cipher.decrypt(bytes.toString('base64'))).toThrow();
  });

  test('a state file holds its secrets sealed, and gives them back', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lapidary-keys-'));
    const state = { ...emptyState('p'), config: { password: { value: 'hunter2-is-the-password', secret: true } } };
    await new StateFile(directory, 'eu-1', settings()).save(state);
    const text = await readFile(join(directory, 'eu-1.stack.json'), 'utf8');
    expect(text).not.toContain('hunter2');
    expect(await new StateFile(directory, 'eu-1', settings()).load()).toEqual(state);
    await rm(directory, { recursive: true });
  });
};
