/** `npm run soak:router -- --seconds 600`: ten minutes by default. Ends with 1 where the well-behaved clients saw a failure or something grew. */
import { parseArgs } from 'node:util';
import { grownMax, handlesLeftMax, soak } from './soak.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' } } });

const result = await soak(Number(values.seconds));
process.stdout.write(
  `${JSON.stringify({ ...result, failures: result.failures.length, examples: result.failures.slice(0, 5) }, null, 2)}\n`,
);
const grown = result.grownLive > grownMax.live || result.grownOther > grownMax.other;
const bad = result.failures.length > 0 || grown || result.handlesLeft > handlesLeftMax;
process.stdout.write(bad ? 'failed\n' : 'no failure for the well-behaved, memory and handles flat\n');
process.exit(bad ? 1 : 0);
