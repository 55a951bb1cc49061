/**
 * `npm run stops:router -- --stops 20 [--together 4] [--hogs 2]`: stops routers under load of clients that never cease, so many at a time, beside
 * so many processes that only burn CPU. Ends with 1 where one request was lost, and says how.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { parseArgs } from 'node:util';
import { lossText, oneStop } from './stops.ts';

const { values } = parseArgs({
  options: {
    stops: { type: 'string', default: '20' },
    together: { type: 'string', default: '1' },
    hogs: { type: 'string', default: '0' },
    path: { type: 'string', multiple: true, default: ['fast', 'general'] },
  },
});

/** In the background as far as the kernel lets them be, so that the machine stays usable; on each core there is somebody who wants it all the time. */
const hogs: ChildProcess[] = Array.from({ length: Number(values.hogs) }, () =>
  spawn('nice', ['-n', '10', process.execPath, '-e', 'for (;;);'], { stdio: 'ignore' }),
);
process.on('exit', () => hogs.forEach((hog) => hog.kill('SIGKILL')));

let lost = 0;
for (const path of values.path as ('fast' | 'general')[]) {
  const sum = { answered: 0, turned_away: 0, refused: 0, lost: 0 };
  let left = Number(values.stops);
  const some = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const stop = await oneStop(path);
      for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += stop[key];
      for (const loss of stop.losses) process.stdout.write(`${lossText(loss, stop)}\n`);
    }
  };
  await Promise.all(Array.from({ length: Number(values.together) }, some));
  lost += sum.lost;
  process.stdout.write(
    `${path}: ${values.stops} stops, ${sum.answered} answered, ${sum.lost} lost, ${sum.refused} refused behind the end, ${sum.turned_away} for want of a place\n`,
  );
}
process.exit(lost > 0 ? 1 : 0);
