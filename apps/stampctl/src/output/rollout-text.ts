import type {
  Check,
  RolloutEventView,
  RolloutMember,
  RolloutPlan,
  RolloutView,
  RolloutWave,
  VersionSkew,
} from '@lapidary/contracts/api/rollouts';
import { ago, clockTime } from './human-time.js';
import type { View } from './output.js';
import { statusColour } from './status-colour.js';
import { renderFacts, renderTable, renderWrapped } from './table.js';
import type { Colours } from './terminal.js';

const width = 80;

export const rolloutLine = (line: RolloutEventView, colours: Colours): string => {
  const about = [line.wave, line.stamp].filter((part) => part !== null).join('/');
  const text = `${about === '' ? '' : `${about}: `}${line.message}`;
  const coloured = line.level === 'error' ? colours.red(text) : line.level === 'warning' ? colours.yellow(text) : text;
  return `${colours.dim(clockTime(line.at))}  ${coloured}`;
};

export const rolloutsTable = (rollouts: readonly RolloutView[], view: View): string =>
  renderTable(
    [
      { title: 'ROLL-OUT', cell: (r) => view.colours.bold(r.id) },
      { title: 'STATUS', cell: (r) => (r.givenUp ? 'given up' : statusColour(r.status, view.colours)) },
      { title: 'TARGET', cell: (r) => `${r.kind} ${r.target}` },
      { title: 'DONE', cell: doneText, align: 'right' },
      { title: 'STARTED', cell: (r) => ago(r.createdAt, view.nowMs) },
      { title: 'BY', cell: (r) => r.requestedBy, wide: true },
      { title: 'REASON', cell: (r) => r.statusReason ?? r.reason ?? '-', wide: true },
    ],
    rollouts,
    view.wide,
  );

const counted = (r: RolloutView): RolloutMember[] => r.stamps.filter((s) => s.status !== 'dropped' && s.status !== 'skipped');
const doneText = (r: RolloutView): string => `${r.stamps.filter((s) => s.status === 'passed').length}/${counted(r).length}`;

export const rolloutText = (rollout: RolloutView, view: View): string => {
  const facts = renderFacts([
    ['roll-out', view.colours.bold(rollout.id)],
    ['target', `${rollout.kind} ${rollout.target} (from ${rollout.base})`],
    ['status', statusColour(rollout.status, view.colours)],
    ['stamps', `${doneText(rollout)} passed`],
    ['started', `${ago(rollout.createdAt, view.nowMs)} by ${rollout.requestedBy}`],
    ['reason', rollout.reason],
  ]);
  const why = rollout.statusReason === null ? [] : ['', renderWrapped([['why', rollout.statusReason]], [width - 72], width)];
  const waves = renderTable(
    [
      { title: 'WAVE', cell: (w) => w.name },
      { title: 'STATUS', cell: (w) => statusColour(w.status, view.colours) },
      { title: 'STAMPS', cell: (w) => stampsOf(rollout, w) },
      { title: 'STARTED', cell: (w) => ago(w.startedAt, view.nowMs) },
      { title: 'VERDICT', cell: (w) => w.verdict?.outcome ?? (w.approvedBy === null && w.status === 'awaiting' ? 'needs approval' : '-') },
    ],
    rollout.waves,
    view.wide,
  );
  const checks = rollout.waves
    .filter((w) => w.status === 'changing' || w.status === 'soaking' || w.status === 'failed')
    .flatMap((w) => w.checks);
  return [
    facts,
    ...why,
    '',
    waves,
    ...(checks.length > 0 ? ['', 'Checks', checksText(checks, view)] : []),
    ...(view.wide ? ['', membersTable(rollout, view)] : troubles(rollout)),
  ].join('\n');
};

const stampsOf = (rollout: RolloutView, wave: RolloutWave): string => {
  const counts = Map.groupBy(
    rollout.stamps.filter((s) => s.wave === wave.name),
    (s) => s.status,
  );
  return [...counts].map(([status, list]) => `${list.length} ${status}`).join(', ') || '-';
};

const checksText = (checks: readonly Check[], view: View): string =>
  renderWrapped(
    checks.map((c) => [c.measure, statusColour(c.outcome, view.colours), c.why]),
    [8, 9],
    width,
  );

const membersTable = (rollout: RolloutView, view: View): string =>
  renderTable(
    [
      { title: 'STAMP', cell: (s) => s.stamp },
      { title: 'WAVE', cell: (s) => s.wave },
      { title: 'STATUS', cell: (s) => statusColour(s.status, view.colours) },
      { title: 'FROM', cell: (s) => s.fromVersion ?? '-' },
      { title: 'CHANGED', cell: (s) => ago(s.changedAt, view.nowMs) },
      { title: 'JOB', cell: (s) => s.job ?? '-' },
      { title: 'MESSAGE', cell: (s) => s.message ?? '-' },
    ],
    rollout.stamps,
    true,
  );

/** Without -o wide, only the stamps that something is to be said of. */
const troubles = (rollout: RolloutView): string[] => {
  const told = rollout.stamps.filter((s) => s.message !== null && ['failed', 'reverting', 'reverted', 'stuck'].includes(s.status));
  return told.length === 0
    ? []
    : [
        '',
        renderWrapped(
          told.map((s) => [s.stamp, s.status, s.message ?? '']),
          [10, 10],
          width,
        ),
      ];
};

export const planText = (plan: RolloutPlan, view: View): string => {
  const rows = plan.waves.map((w) => [w.name, w.approval ? 'after approval' : 'by itself', w.stamps.join(', ') || 'no stamps']);
  return [
    renderFacts([
      ['target', `${plan.kind} ${view.colours.bold(plan.target)} (from ${plan.base})`],
      ['at once', plan.policy.concurrencyMax],
      ['watched', `${plan.policy.soakSeconds} s per wave, ${plan.policy.requestsMin} requests at least`],
      [
        'halts at',
        `${plan.policy.failuresMax + 1} failed ${plan.policy.failuresMax === 0 ? 'stamp' : 'stamps'} of a wave, or a worse wave`,
      ],
      ['skipped', plan.skipped.join(', ')],
    ]),
    '',
    renderWrapped(rows, [10, 15], width),
    ...plan.warnings.map((w) => `\n${view.colours.yellow('Warning:')} ${w}`),
  ].join('\n');
};

export const versionsText = (skew: VersionSkew, view: View): string => {
  const rows = (what: string, list: VersionSkew['workload']): string[][] =>
    list.map((v) => [what, v.version ?? 'unknown', v.stamps.join(', ')]);
  const text = renderWrapped([...rows('workload', skew.workload), ...rows('template', skew.template)], [9, 14], width);
  return skew.workload.length > 1 ? `${text}\n${view.colours.yellow('The fleet runs more than one workload version.')}` : text;
};

/** What a person may do next; null where nothing waits for one. */
export const rolloutHint = (rollout: RolloutView): string | null => {
  const waiting = rollout.waves.find((w) => w.status === 'awaiting');
  if (rollout.status === 'running' && waiting) return `Let ${waiting.name} start: stampctl rollout approve ${rollout.id}`;
  if (rollout.status === 'paused')
    return `Go on: stampctl rollout resume ${rollout.id}; accept the wave as it is: stampctl rollout approve ${rollout.id}`;
  if (rollout.status === 'halted' && rollout.stamps.some((s) => s.status === 'passed'))
    return `Waves that passed keep ${rollout.target}. Take them back too: stampctl rollout rollback ${rollout.id}`;
  return null;
};
