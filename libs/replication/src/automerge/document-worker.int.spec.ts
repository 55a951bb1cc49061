import type { Worker } from 'node:worker_threads';
import { actorOf } from './document-actor.js';
import { DocumentWorker } from './document-worker.js';

const worker = new DocumentWorker(actorOf('eu', 1));
afterAll(async () => worker.close());

it('asks a new thread what one that ended has not answered', async () => {
  const edits = [{ op: 'set', path: ['n'], value: 1 }] as const;
  const { bytes } = await worker.edit('k', null, {}, edits, []);
  const asked = [worker.take('k', bytes, []), worker.take('l', bytes, [])];
  await (worker as unknown as { thread: Worker }).thread.terminate();
  expect((await Promise.all(asked)).map(({ value }) => value)).toEqual([{ n: 1 }, { n: 1 }]);
  expect((await worker.edit('m', null, {}, edits, [])).value).toEqual({ n: 1 });
});
