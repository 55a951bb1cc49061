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

it('tells through the thread what was refused, and when to come again', async () => {
  const edit = (value: number, bytes: Uint8Array | null) =>
    worker.edit('own', bytes, { words: [] }, [{ op: 'set', path: ['n'], value }], []);
  const { change } = await edit(1, null);
  const waiting = await worker.take('own', null, [change!]);
  await expect(edit(2, waiting.bytes)).rejects.toMatchObject({ code: 'not_yet_here', retryAfterSeconds: 1 });
});
