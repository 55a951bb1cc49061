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

const change = (op, name, stateful) => ({ op, resourceType: 'fake:index:Thing', name, stateful, protected: stateful, diffs: [] });

/** A preview: what the label "plan" says, or one new resource. */
const preview = ({ run }) => {
  const { name, labels } = run.spec;
  if (labels.plan === 'fails') return { type: 'failure', code: 'policy_refused', message: 'no', retry: false, details: { findings: [] } };
  const loss = labels.plan === 'loses-data' ? [change('replace', `${name}-database`, true)] : [];
  const plan = labels.plan === 'nothing' ? [] : [change('create', `${name}-thing`, false), ...loss];
  return { type: 'result', changes: { create: plan.length, same: 3 }, outputs: null, engine: 'fake (simulated cloud)', plan };
};

process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  if (message.type === 'run') process.send({ type: 'answer', id: message.id, residentBytes: 1, answer: preview(message) });
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
