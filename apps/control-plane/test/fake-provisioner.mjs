/**
 * Speaks the provisioner protocol without building anything. What it does is the label "behaviour" of the spec; its "state" is a
 * directory, so that what happened in an earlier life can be seen. `applied` holds one line per resource that was made.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

const resources = ['database', 'role', 'agent'];

const send = (message) => new Promise((resolve) => (process.connected ? process.send(message, () => resolve()) : resolve()));
const resource = (name, op, status) => send({ type: 'resource', op, resourceType: 'fake:index:Thing', name, status, changed: [] });
const hang = () => new Promise((resolve) => setTimeout(resolve, 2 ** 30));

/** How often this behaviour was begun, counted on disk. */
const lifeOf = (dir) => {
  const file = join(dir, 'lives');
  const life = existsSync(file) ? Number(readFileSync(file, 'utf8')) + 1 : 1;
  writeFileSync(file, String(life));
  return life;
};

const build = async (run) => {
  const file = join(run.stateDir, 'applied');
  const done = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  let created = 0;
  for (const name of resources) {
    if (done.includes(name)) {
      await resource(name, 'same', 'done');
      continue;
    }
    await resource(name, 'create', 'started');
    appendFileSync(file, `${name}\n`);
    await resource(name, 'create', 'done');
    created++;
  }
  const frontDoor = run.spec.labels['front-door'] ?? 'http://127.0.0.1:9';
  const outputs = { frontDoors: [frontDoor], agentTokenSha256: 'a'.repeat(64), templateVersion: '1.0.0', graphDigest: 'b'.repeat(64) };
  await send({ type: 'result', changes: created > 0 ? { create: created } : { same: resources.length }, outputs, engine: 'fake' });
  process.exit(0);
};

/** Takes away what was made, one by one. `crash-once` dies over the first, `deaf` hangs at it. */
const destroy = async (run) => {
  const file = join(run.stateDir, 'applied');
  const behaviour = run.spec.labels.behaviour;
  for (const name of resources) {
    await resource(name, 'delete', 'started');
    if (behaviour === 'deaf' && !existsSync(join(run.stateDir, 'let-go'))) await hang();
    if (behaviour === 'crash-once' && lifeOf(run.stateDir) === 1) {
      process.kill(process.pid, 'SIGKILL');
      await hang();
    }
    await resource(name, 'delete', 'done');
  }
  writeFileSync(file, '');
  await send({ type: 'result', changes: { delete: resources.length }, outputs: null, engine: 'fake' });
  process.exit(0);
};

/** As a stamp that only has a workload of some version: `version-<stamp>` in its state is what runs, `template-<stamp>` what rendered it. */
const versioned = async (run) => {
  const { name, labels, workload } = run.spec;
  const file = join(run.stateDir, `version-${name}`);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : null;
  writeFileSync(file, workload.version);
  // The newest template is that of the installation, as the real child has it.
  const newest = existsSync('infra/package.json') ? JSON.parse(readFileSync('infra/package.json', 'utf8')).version : '1.0.0';
  const templateVersion = run.templateVersion ?? newest;
  const templateFile = join(run.stateDir, `template-${name}`);
  const templateBefore = existsSync(templateFile) ? readFileSync(templateFile, 'utf8') : null;
  writeFileSync(templateFile, templateVersion);
  const outputs = {
    frontDoors: [labels['front-door']],
    agentTokenSha256: createHash('sha256').update(`token-of-${name}-0123456789`).digest('hex'),
    templateVersion,
    graphDigest: 'b'.repeat(64),
  };
  const isSame = before === workload.version && templateBefore === templateVersion;
  const changes = before === null ? { create: 1 } : isSame ? { same: 1 } : { update: 1 };
  await send({ type: 'result', changes, outputs, engine: 'fake' });
  process.exit(0);
};

const behaviours = {
  versioned,
  good: build,
  'crash-once': async (run) => {
    if (lifeOf(run.stateDir) > 1) return build(run);
    await resource('database', 'create', 'started');
    appendFileSync(join(run.stateDir, 'applied'), 'database\n');
    process.stderr.write('out of luck\n');
    process.kill(process.pid, 'SIGKILL');
    await hang();
  },
  'crash-always': async (run) => {
    lifeOf(run.stateDir);
    process.stderr.write(`${'x'.repeat(200_000)}the very end\n`, () => process.exit(3));
    await hang();
  },
  'locked-twice': async (run) => {
    if (lifeOf(run.stateDir) > 2) return build(run);
    await send({ type: 'failure', code: 'locked', message: 'locked by process 1', retry: true });
    process.exit(0);
  },
  'needs-approval': async (run) => {
    if ((run.approveReplace ?? []).includes('eu-1-database')) return build(run);
    const details = { names: ['eu-1-database'] };
    await send({ type: 'failure', code: 'approval_needed', message: 'this would lose data', retry: false, details });
    process.exit(0);
  },
  fails: async (run) => {
    lifeOf(run.stateDir);
    await send({ type: 'failure', code: 'program_failed', message: 'the template is wrong', retry: false });
    process.exit(0);
  },
  garbage: async (run) => {
    await send('hello');
    await send({ type: 'resource', op: 'explode' });
    await send({ type: 'result', changes: 'many' });
    await send({ __proto__: null, type: 'log', level: 'info', message: 'nul \0 inside' });
    return build(run);
  },
  'silent-end': async () => process.exit(0),
  deaf: async () => {
    process.on('SIGTERM', () => undefined);
    await resource('database', 'create', 'started');
    await hang();
  },
  obedient: async () => {
    process.on('message', (m) => {
      if (m.type === 'cancel')
        void send({ type: 'failure', code: 'cancelled', message: 'cancelled', retry: true }).then(() => process.exit(0));
    });
    await resource('database', 'create', 'started');
    await hang();
  },
  'result-then-hang': async (run) => {
    const exit = process.exit;
    process.exit = () => undefined;
    await build(run);
    void exit;
    await hang();
  },
  flood: async (run) => {
    for (let i = 0; i < 3000; i++) await send({ type: 'log', level: 'info', message: `line ${i}` });
    return build(run);
  },
};

process.on('disconnect', () => process.exit(1));
process.on('message', (message) => {
  if (message.type !== 'run') return;
  mkdirSync(message.run.stateDir, { recursive: true });
  writeFileSync(
    join(message.run.stateDir, 'seen.json'),
    JSON.stringify({
      pid: process.pid,
      env: Object.keys(process.env),
      argv: process.argv,
      operation: message.run.operation,
      unprotect: message.run.unprotect ?? false,
    }),
  );
  if (message.run.operation === 'destroy') return void destroy(message.run);
  void behaviours[message.run.spec.labels.behaviour ?? 'good'](message.run);
});
