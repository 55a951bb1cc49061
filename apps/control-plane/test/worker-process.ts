import { connect, startReplica } from './job-world.js';
import { recordingDefinition } from './recording-steps.js';

/**
 * A worker in a process of its own, for tests that kill -9 it. It says on its channel where it is; at the point it was told
 * to die at ("<step> inside" or "<step> done") it stands still until it is killed.
 */
const [url, dieAt] = process.argv.slice(2);
if (url === undefined) throw new Error('usage: worker-process <database url> [<step> inside|done]');

const outside = await connect(url, 'worker-outside');
const stand = (): Promise<never> => new Promise(() => undefined);
const reach = async (point: string): Promise<void> => {
  if (point !== dieAt) return;
  process.send?.(point);
  await stand();
};
const definition = recordingDefinition({
  outside,
  inside: (step) => reach(`${step} inside`),
  beginning: (step, previous) => (previous === undefined ? reach(`${step} begun`) : reach(`${previous} done`)),
});
await startReplica(url, definition);
process.send?.('up');
