import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunFile } from '@lapidary/contracts/run-file';

/** On one machine: a process that is there accepts at once, one that is gone refuses at once. */
const answerMsMax = 2_000;

/** What decides, and where it listens, by the run file: whatever process has the place by now. */
const decidersOf = ({ regions }: RunFile): { readonly name: string; readonly url: string }[] =>
  Object.entries(regions).flatMap(([region, { api, postgres, nats }]) => [
    { name: `control-plane-${region}`, url: api },
    { name: `postgres-${region}`, url: postgres },
    { name: `nats-${region}`, url: nats },
  ]);

const accepts = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    const answer = (isThere: boolean): void => (socket.destroy(), resolve(isThere));
    socket.setTimeout(answerMsMax, () => answer(false));
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });

/** Between two looks. */
const lookEveryMs = 50;

/**
 * Names of what still takes connections after this time though it was to be dead; none as soon as nothing does. The processes of a run file are those of the moment in which it was written: one that was started
 * anew since, or by somebody else, is killed by nobody, and what goes on with its help shows nothing.
 */
export const stillAnswering = async (run: RunFile, withinMs: number): Promise<string[]> => {
  for (const endMs = performance.now() + withinMs; ;) {
    const asked = await Promise.all(decidersOf(run).map(async ({ name, url }) => ((await accepts(url)) ? [name] : [])));
    const alive = asked.flat();
    if (alive.length === 0 || performance.now() >= endMs) return alive;
    await sleep(lookEveryMs);
  }
};
