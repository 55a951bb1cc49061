import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { MessageChannel } from 'node:worker_threads';
import { machineNowMs } from '@lapidary/kernel/machine-clock';
import { LeaseWatch } from './lease-watch.js';
import { StateFile } from './state-file.js';
import { emptyState } from './state-model.js';

describe('a child inside its parent’s lease', () => {
  const watched = (nowMs?: () => number) => {
    const told: string[] = [];
    return { told, watch: new LeaseWatch({ ending: () => told.push('ending'), over: () => told.push('over') }, nowMs) };
  };
  const mailIsRead = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  describe('by a clock of the test', () => {
    beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'clearImmediate'] }));
    afterEach(() => jest.useRealTimers());

    test('is told to stop in good time and ends at the end; a renewal starts both anew', async () => {
      const { told, watch } = watched(() => jest.now());
      const pass = async (ms: number): Promise<void> => {
        jest.advanceTimersByTime(ms);
        await mailIsRead();
      };
      watch.renew(jest.now() + 1000);
      await pass(599);
      watch.renew(jest.now() + 1000);
      await pass(599);
      expect(told).toEqual([]);
      await pass(1);
      expect(told).toEqual(['ending']);
      await pass(399);
      expect(told).toEqual(['ending']);
      await pass(1);
      expect(told).toEqual(['ending', 'over']);
    });

    test('a renewal that is read late is good until the moment that it names, not for as long as it was', async () => {
      const { told, watch } = watched(() => jest.now());
      watch.renew(jest.now() + 1000 - 900);
      jest.advanceTimersByTime(100);
      await mailIsRead();
      expect(told).toEqual(['ending', 'over']);
    });
  });

  test('one that was too busy to read its renewals in time, as while the SDK is loaded, reads them before it gives up', async () => {
    const { told, watch } = watched();
    const { port1: parent, port2: child } = new MessageChannel();
    child.on('message', (untilMs: number) => watch.renew(untilMs));
    watch.renew(machineNowMs() + 50);
    parent.postMessage(machineNowMs() + 60_000);
    // Nothing of this process runs meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    await mailIsRead();
    await mailIsRead();
    expect(told).toEqual([]);
    watch.renew(machineNowMs() + 50);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    await mailIsRead();
    await mailIsRead();
    expect(told).toEqual(['ending', 'over']);
    child.close();
  });
});

test('a state that was written under a newer lease is not written under an older one, and the fence goes with the state', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lapidary-fence-'));
  const passphraseFile = join(directory, 'passphrase');
  await writeFile(passphraseFile, 'a passphrase for tests');
  const under = (token?: number): StateFile => new StateFile(directory, 't-1', { passphraseFile, stateKey: 'passphrase' }, token);
  await under(7).save(emptyState('former'));
  await under(8).save({ ...emptyState('p'), outputs: { by: 'newer' } });
  await expect(under(7).save(emptyState('p'))).rejects.toMatchObject({ code: 'lease_lost' });
  expect((await under(7).load())?.outputs).toEqual({ by: 'newer' });
  await under(8).save(emptyState('p'));
  // Where one process alone works with the state there is no lease, and no fence.
  await under().save(emptyState('p'));
  await under().remove();
  expect(await readdir(directory)).toEqual(['passphrase']);
  await rm(directory, { recursive: true });
});
