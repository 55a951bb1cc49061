import { jest } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseStateKey, type KmsStateKey } from '@lapidary/contracts/state-key';
import { keyProviderContract } from '../../testing/key-provider-contract.js';
import { KmsServer } from '../../testing/kms-server.js';
import { StateFile } from '../state-file.js';
import { emptyState, type StackState } from '../state-model.js';
import { DataKeyCache } from './data-key-cache.js';
import type { KmsHeader } from './key-provider.js';
import { KmsKeys } from './kms-keys.js';

/** The SDK waits some seconds altogether before it gives up on a service that throttles. */
jest.setTimeout(180_000);

let directory: string;
let kms: KmsServer;
let passphraseFile: string;

const credentials = { AWS_ACCESS_KEY_ID: 'a-key-of-the-test', AWS_SECRET_ACCESS_KEY: 'its-secret' };
beforeAll(async () => {
  Object.assign(process.env, credentials);
  directory = await mkdtemp(join(tmpdir(), 'lapidary-state-keys-'));
  passphraseFile = join(directory, 'passphrase');
  await writeFile(passphraseFile, 'a passphrase for tests');
  kms = await KmsServer.start();
});
beforeEach(() => {
  kms.calls.length = 0;
  kms.refusal = undefined;
});
afterAll(async () => {
  await kms.stop();
  await rm(directory, { recursive: true });
  for (const name of Object.keys(credentials)) Reflect.deleteProperty(process.env, name);
});

describe('keys from a passphrase', () => {
  keyProviderContract(() => ({ passphraseFile, stateKey: 'passphrase' }));
});
describe('keys under a KMS key', () => {
  keyProviderContract(() => ({ passphraseFile: join(directory, 'none'), stateKey: kms.keyUrl() }));
});

const state: StackState = { ...emptyState('p'), config: { password: { value: 'hunter2', secret: true } } };
const fileUnder = (stateKey: string, stack = 'eu-1'): StateFile => new StateFile(directory, stack, { passphraseFile, stateKey });
const keysWith = (cache: DataKeyCache, stack = 'eu-1'): KmsKeys => new KmsKeys(parseStateKey(kms.keyUrl()) as KmsStateKey, stack, cache);
const made = async (): Promise<KmsHeader> => ({ ...(await keysWith(new DataKeyCache()).create()).header, probe: '' });

describe('the KMS key', () => {
  test('is asked with the stack as encryption context, which it shows and binds the data key to', async () => {
    const header = await made();
    await keysWith(new DataKeyCache()).open(header);
    expect(kms.calls).toEqual(['GenerateDataKey {"lapidary:stack":"eu-1"}', 'Decrypt {"lapidary:stack":"eu-1"}']);
    await expect(keysWith(new DataKeyCache(), 'eu-2').open(header)).rejects.toMatchObject({ code: 'state_unusable' });
  });

  test('a data key is kept in memory for a bounded time, and asked for once by many', async () => {
    const header = await made();
    let nowMs = 0;
    const cache = new DataKeyCache(1_000, () => nowMs);
    kms.calls.length = 0;
    await Promise.all([1, 2, 3].map(() => keysWith(cache).open(header)));
    nowMs = 999;
    await keysWith(cache).open(header);
    expect(kms.calls).toHaveLength(1);
    nowMs = 1_000;
    await keysWith(cache).open(header);
    expect(kms.calls).toHaveLength(2);
    nowMs = 2_000;
    kms.refusal = 'AccessDeniedException';
    await expect(keysWith(cache).open(header)).rejects.toMatchObject({ code: 'state_key_refused' });
    expect(cache.size).toBe(0);
  });

  test('throttling and a cut connection are tried again until it answers', async () => {
    const header = await made();
    kms.upcoming.push('ThrottlingException', 'reset', 'KMSInternalException');
    expect((await keysWith(new DataKeyCache()).open(header)).key).toHaveLength(32);
    expect(kms.upcoming).toEqual([]);
  });

  test.each([
    ['AccessDeniedException', 'state_key_refused', 'kms:GenerateDataKey'],
    ['DisabledException', 'state_key_refused', 'disabled'],
    ['KMSInvalidStateException', 'state_key_refused', 'pending deletion'],
    ['NotFoundException', 'state_key_refused', 'no such key'],
    ['ThrottlingException', 'state_key_unavailable', 'ThrottlingException'],
    ['KMSInternalException', 'state_key_unavailable', 'KMSInternalException'],
    ['KeyUnavailableException', 'state_key_unavailable', 'KeyUnavailableException'],
  ])('%s ends as %s, and says what it is', async (refusal, code, words) => {
    const header = await made();
    kms.refusal = refusal;
    const failed = { code, message: expect.stringContaining(words) as string };
    await expect(keysWith(new DataKeyCache()).open(header)).rejects.toMatchObject(failed);
    await expect(keysWith(new DataKeyCache()).create()).rejects.toMatchObject(failed);
  });

  test('a KMS that is not there is unavailable, not a refusal', async () => {
    const gone = await KmsServer.start();
    const url = gone.keyUrl();
    await gone.stop();
    await expect(fileUnder(url, 'eu-9').save(state)).rejects.toMatchObject({ code: 'state_key_unavailable' });
  });
});

describe('another key', () => {
  const sealedWith = async (stack: string): Promise<string> => {
    const header = await fileUnder('passphrase', stack).sealedWith();
    return header?.provider === 'awskms' ? header.keyArn : (header?.provider ?? 'nothing');
  };
  const saveUnder = async (stateKey: string, stack: string): Promise<void> => {
    const file = fileUnder(stateKey, stack);
    await file.load();
    await file.save(state);
  };

  test('takes hold with the next write: passphrase, KMS, another KMS key, and back', async () => {
    await fileUnder('passphrase', 'k-1').save(state);
    const other = kms.addKey('other', 'alias/other');
    for (const [stateKey, expected] of [
      [kms.keyUrl(), expect.stringMatching('key/state$')],
      [kms.keyUrl(other), other],
      [kms.keyUrl('alias/lapidary'), expect.stringMatching('key/state$')],
      ['passphrase', 'passphrase'],
    ] as const) {
      expect(await fileUnder(stateKey, 'k-1').load()).toEqual(state);
      await saveUnder(stateKey, 'k-1');
      expect(await sealedWith('k-1')).toEqual(expected);
    }
    expect(await fileUnder('passphrase', 'k-1').load()).toEqual(state);
  });

  test('a data key that is a month old is followed by a new one; a younger one is kept', async () => {
    const headerOf = async () => (await fileUnder('passphrase', 'k-2').sealedWith()) as KmsHeader;
    await fileUnder(kms.keyUrl(), 'k-2').save(state);
    const first = await headerOf();
    await saveUnder(kms.keyUrl(), 'k-2');
    expect((await headerOf()).sealedKey).toBe(first.sealedKey);
    const path = join(directory, 'k-2.stack.json');
    const aged = new Date(Date.parse(first.madeAt) - 31 * 86_400_000).toISOString();
    await writeFile(path, (await readFile(path, 'utf8')).replace(first.madeAt, aged));
    await saveUnder(kms.keyUrl(), 'k-2');
    expect((await headerOf()).sealedKey).not.toBe(first.sealedKey);
    expect(await fileUnder(kms.keyUrl(), 'k-2').load()).toEqual(state);
  });

  test('a KMS that goes away in the middle of an operation does not stop its checkpoints', async () => {
    const file = fileUnder(kms.keyUrl(), 'k-3');
    await file.save(emptyState('p'));
    kms.refusal = 'DisabledException';
    await file.save(state);
    kms.refusal = undefined;
    expect(await fileUnder(kms.keyUrl(), 'k-3').load()).toEqual(state);
  });
});

test.each([
  ['awskms://alias/lapidary?region=eu-west-1', 'alias/lapidary'],
  ['awskms://1234abcd-12ab-34cd-56ef-1234567890ab?region=eu-west-1', '1234abcd-12ab-34cd-56ef-1234567890ab'],
  ['awskms:///arn:aws:kms:eu-west-1:111122223333:key/1?region=eu-west-1', 'arn:aws:kms:eu-west-1:111122223333:key/1'],
])('%s names the key %s', (url, keyId) => {
  expect(parseStateKey(url)).toMatchObject({ provider: 'awskms', keyId, awsRegion: 'eu-west-1', url });
});

test.each(['', 'kms', 'awskms://', 'awskms://alias/x', 'awskms://?region=eu-west-1', 'awskms://a?region=eu-west-1&secret=1', 'https://a'])(
  '"%s" is no key',
  (text) => {
    expect(() => parseStateKey(text)).toThrow('awskms://');
  },
);
