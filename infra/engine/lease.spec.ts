import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { LeaseWatch } from './lease-watch.js';
import { StateFile } from './state-file.js';
import { emptyState } from './state-model.js';

describe('a child inside its parent’s lease', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  test('is told to stop in good time and ends at the end; a renewal starts both anew', () => {
    const told: string[] = [];
    const watch = new LeaseWatch({ ending: () => told.push('ending'), over: () => told.push('over') });
    watch.renew(1000);
    jest.advanceTimersByTime(599);
    watch.renew(1000);
    jest.advanceTimersByTime(599);
    expect(told).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(told).toEqual(['ending']);
    jest.advanceTimersByTime(399);
    expect(told).toEqual(['ending']);
    jest.advanceTimersByTime(1);
    expect(told).toEqual(['ending', 'over']);
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
