/**
 * Speaks the planner protocol without rendering anything. What it does with a question is the label "behaviour" of the spec; how
 * often this behaviour was met is counted in a file, so that a replacement knows of its predecessor.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const answerOf = (id, residentBytes) => ({
  type: 'synthesis',
  id,
  residentBytes,
  synthesis: { graphDigest: String(process.pid), templateVersion: '1.0.0', resources: [], policy: [], monthlyCost: null },
});

process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  if (message.type !== 'synth') return;
  const { behaviour, dir } = message.request.spec.labels;
  const file = join(dir ?? '/', `met-${behaviour}`);
  const met = dir === undefined ? 1 : (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0) + 1;
  if (dir !== undefined) writeFileSync(file, String(met));
  if (behaviour === 'dies-always' || (behaviour === 'dies-once' && met === 1)) {
    process.stderr.write('out of luck\n', () => process.kill(process.pid, 'SIGKILL'));
    return;
  }
  if (behaviour === 'silent') return;
  process.send(answerOf(message.id, behaviour === 'grows' ? 2 ** 40 : 1));
});
