/** `npm run stops:router -- --stops 20`: stops routers under load of clients that never cease. Ends with 1 where one request was lost. */
import { parseArgs } from 'node:util';
import { oneStop } from './stops.ts';

const { values } = parseArgs({ options: { stops: { type: 'string', default: '20' } } });
let lost = 0;
for (const path of ['fast', 'general'] as const) {
  const sum = { answered: 0, refused: 0, lost: 0 };
  for (let i = 0; i < Number(values.stops); i += 1) {
    const outcomes = await oneStop(path);
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += outcomes[key];
  }
  lost += sum.lost;
  process.stdout.write(
    `${path}: ${values.stops} stops, ${sum.answered} answered, ${sum.lost} lost, ${sum.refused} refused behind the end\n`,
  );
}
process.exit(lost > 0 ? 1 : 0);
