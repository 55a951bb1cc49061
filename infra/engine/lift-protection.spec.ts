import { jest } from '@jest/globals';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { outlivesItsStamp, simulatedWorldFile } from '@lapidary/contracts/simulated-world';
import { changesIn, provisionHome, resultIn, type ProvisionHome } from '../testing/provision-home.js';
import '../testing/no-stack-traces.js';

/** An `up` of a hundred resources writes and syncs the state some hundred times; on a busy disk that takes seconds. */
jest.setTimeout(180_000);

let home: ProvisionHome;
beforeEach(async () => {
  home = await provisionHome();
});
afterEach(() => home.remove());

const takeDown = () => ({ ...home.runOf('destroy'), unprotect: true });
const stateIsGone = () => expect(readFile(home.stateFile())).rejects.toThrow('ENOENT');

test('destroy refuses what is protected; with the protection lifted it leaves the final snapshots, their keys and nothing else', async () => {
  await home.perform(home.runOf('up'));
  expect((await home.perform(home.runOf('destroy'))).at(-1)).toMatchObject({ type: 'failure', code: 'resource_protected' });
  const messages = await home.perform(takeDown());
  expect(resultIn(messages).plan.every(({ op }) => op === 'delete')).toBe(true);
  // First the cloud's own protection goes, off exactly what has one.
  const first = changesIn(messages).filter((line) => !line.startsWith('delete'));
  expect(first.toSorted()).toEqual(['update Instance eu-2-database', 'update LoadBalancer eu-2-front-door']);
  const left = Object.keys(await home.cloudOf()).map((id) => (id.startsWith('snapshot-') ? id : id.split('-')[0]));
  expect(left.toSorted()).toEqual(['key', 'key', 'key', 'snapshot-lapidary-eu-2-cache-final', 'snapshot-lapidary-eu-2-final']);
  await stateIsGone();
});

test('what was only half built is taken down all the same, whatever is missing of it', async () => {
  const faults = join(home.directory, 'state', dirname(simulatedWorldFile('eu-2')), 'faults.json');
  await mkdir(dirname(faults), { recursive: true });
  await writeFile(faults, JSON.stringify([{ operation: 'create', type: 'Listener', kind: 'access_denied' }]));
  expect((await home.perform(home.runOf('up'))).at(-1)).toMatchObject({ type: 'failure', code: 'access_denied' });
  const ids = Object.keys(await home.cloudOf());
  expect(ids.filter((id) => /^loadbalancer-/.test(id))).toHaveLength(1);
  expect(ids.filter((id) => /^listener-/.test(id))).toEqual([]);
  resultIn(await home.perform(takeDown()));
  expect(Object.keys(await home.cloudOf()).filter((id) => !outlivesItsStamp(id))).toEqual([]);
  await stateIsGone();
});

test('stopped while it lifts the protection it has deleted nothing; an ordinary run puts the protection back', async () => {
  await home.perform(home.runOf('up'));
  const before = Object.keys(await home.cloudOf());
  const stopped = await home.perform(takeDown(), (message, stop) => {
    if (message.type === 'resource' && message.op === 'update' && message.status === 'done') stop();
  });
  expect(stopped.at(-1)).toMatchObject({ type: 'failure', code: 'cancelled' });
  expect(Object.keys(await home.cloudOf())).toEqual(before);
  const repaired = changesIn(await home.perform(home.runOf('up')));
  expect(repaired.length).toBeGreaterThan(0);
  expect(repaired.every((line) => line.startsWith('update'))).toBe(true);
  expect(resultIn(await home.perform(home.runOf('preview'))).plan).toEqual([]);
  expect((await home.perform(home.runOf('destroy'))).at(-1)).toMatchObject({ code: 'resource_protected' });
  resultIn(await home.perform(takeDown()));
  await stateIsGone();
});
