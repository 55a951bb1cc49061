import type { Plans, ProvisionPlan } from '@lapidary/contracts/api/provisioning';
import type { PlannedChange, PropertyDiff } from '@lapidary/contracts/provisioner-protocol';
import type { View } from './output.js';
import { renderTable } from './table.js';
import type { Colours } from './terminal.js';

type Op = PlannedChange['op'];

const signs: Readonly<Record<Op, string>> = { create: '+', update: '~', replace: '±', delete: '-' };
const paint = (op: Op, colours: Colours): ((text: string) => string) =>
  ({ create: colours.green, update: colours.yellow, replace: colours.magenta, delete: colours.red })[op];

const valueIndent = 6;
/** Shorter than this a value says nothing; the line is then longer than the terminal. */
const valueWidthMin = 12;

export const hasChanges = (plan: ProvisionPlan): boolean => plan.resources.length > 0;

/** A whole plan: each resource with what changes of it, then the sums, the policies, the money, what needs an approval. */
export const planText = (plan: ProvisionPlan, view: View): string =>
  [
    headline(plan, view.colours),
    '',
    ...plan.resources.flatMap((change) => changeLines(change, view)),
    ...(hasChanges(plan) ? [''] : []),
    sums(plan),
    ...costLines(plan, view.wide),
    ...policyLines(plan, view),
    ...approvalLines(plan, view.colours),
  ].join('\n');

const headline = ({ spec, specDigest, source, stamp, simulated }: ProvisionPlan, colours: Colours): string => {
  const from = source === 'file' ? `stamps/${spec.name}.yaml` : 'stamps/defaults.yaml';
  const lines = [
    `${spec.name} (${stamp?.status ?? 'new'}): driver ${spec.driver}, profile ${spec.profile}, workload ${spec.workload.version}`,
    `spec ${specDigest.slice(0, 12)} from ${from}`,
  ];
  return [...lines, ...(simulated ? [colours.yellow('Simulated cloud: nothing real is asked, nothing real would be built.')] : [])].join(
    '\n',
  );
};

/** `aws:rds/instance:Instance` as people know it: `aws:rds:Instance`. */
const shortType = (type: string): string => type.replace(/\/[^:]+:/, ':');

const changeLines = (change: PlannedChange, view: View): string[] => {
  const { op, resourceType, name, stateful, protected: held, diffs } = change;
  const marks = [...(stateful ? ['holds data'] : []), ...(held ? ['protected'] : [])];
  const line = `  ${signs[op]} ${name}  ${shortType(resourceType)}${marks.length > 0 ? `  (${marks.join(', ')})` : ''}`;
  // Everything of a new resource is new; it is told when it is asked for.
  const shown = op === 'create' && !view.wide ? [] : diffs;
  return [paint(op, view.colours)(cut(line, view.columns)), ...shown.map((diff) => diffLine(diff, view))];
};

const kindSigns: Readonly<Record<PropertyDiff['kind'], string>> = { add: '+', update: '~', delete: '-' };

const diffLine = ({ path, kind, before, after, unknown, forcesReplace }: PropertyDiff, { columns, colours }: View): string => {
  const head = `${' '.repeat(valueIndent)}${kindSigns[kind]} ${path}: `;
  const tail = forcesReplace ? '  (forces replacement)' : '';
  const arrow = ' → ';
  const room = Math.max(valueWidthMin, Math.floor((columns - head.length - tail.length - arrow.length) / 2));
  const [was, next] = [valueText(before), unknown ? '(known at apply)' : valueText(after)];
  const from = unknown ? 0 : firstShown(was, next, room);
  const text =
    kind === 'add'
      ? cut(next, room * 2)
      : kind === 'delete'
        ? cut(was, room * 2)
        : `${cut(without(was, from), room)}${arrow}${cut(without(next, from), room)}`;
  return `${head}${text}${colours.magenta(tail)}`;
};

const valueText = (value: unknown): string => (value === '[secret]' ? '[secret]' : JSON.stringify(value ?? null));

/** Equal characters that are kept before the first that differs, to know the place by. */
const leadWidth = 6;

/** Where to begin so that the difference of two long values is within the width; what is short is shown from its beginning. */
const firstShown = (before: string, after: string, width: number): number => {
  if (Math.max(before.length, after.length) <= width) return 0;
  const differs = [...before].findIndex((letter, index) => letter !== after[index]);
  return differs < width - leadWidth ? 0 : differs - leadWidth;
};

const without = (text: string, skipped: number): string => (skipped === 0 ? text : `…${text.slice(skipped)}`);

const cut = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1))}…`);

const count = (plan: ProvisionPlan, op: Op): number => plan.resources.filter((change) => change.op === op).length;

const sums = (plan: ProvisionPlan): string => {
  if (!hasChanges(plan)) return `No changes: ${plan.unchanged} resources are as the template renders them.`;
  const parts = [`${count(plan, 'create')} to create`, `${count(plan, 'update')} to change`, `${count(plan, 'replace')} to replace`];
  return `Plan: ${[...parts, `${count(plan, 'delete')} to delete`, `${plan.unchanged} unchanged`].join(', ')}.`;
};

const dollars = (usd: number): string => `$${usd.toFixed(2)}`;

const costLines = ({ monthlyCost }: ProvisionPlan, wide: boolean): string[] => {
  if (monthlyCost === null) return [];
  const lines = wide ? monthlyCost.lines.map(({ what, usd }) => `  ${dollars(usd).padStart(10)}  ${what}`) : [];
  return [`Estimate: ${dollars(monthlyCost.usd)} a month, at prices of ${monthlyCost.asOf}.`, ...lines];
};

/** What refuses first. */
const policyLines = ({ policy }: ProvisionPlan, { colours, columns }: View): string[] =>
  policy
    .toSorted((a, b) => b.level.localeCompare(a.level))
    .map(({ rule, level, resource, message }) => {
      const text = cut(`Policy ${rule}: ${resource} ${message}`, columns - 11);
      return level === 'mandatory' ? colours.red(`✗ refused: ${text}`) : colours.yellow(`! advice: ${text}`);
    });

const approvalLines = ({ approvalsNeeded }: ProvisionPlan, colours: Colours): string[] =>
  approvalsNeeded.length === 0
    ? []
    : [colours.red(`Loses data; goes on only with: ${approvalsNeeded.map((name) => `--approve-replace ${name}`).join(' ')}`)];

type FleetItem = Plans['items'][number];

/** One line per stamp; `stampctl diff` shows a single one in full. */
export const fleetPlanTable = (items: readonly FleetItem[], view: View): string => {
  const number = (op: Op) => (item: FleetItem) => (item.plan === null ? '' : String(count(item.plan, op)));
  const table = renderTable<FleetItem>(
    [
      { title: 'STAMP', cell: (item) => item.stamp },
      { title: 'NOW', cell: ({ plan }) => (plan === null ? '' : (plan.stamp?.status ?? 'new')) },
      { title: '+', cell: number('create'), align: 'right' },
      { title: '~', cell: number('update'), align: 'right' },
      { title: '±', cell: number('replace'), align: 'right' },
      { title: '-', cell: number('delete'), align: 'right' },
      { title: '=', cell: ({ plan }) => String(plan?.unchanged ?? ''), align: 'right' },
      { title: 'A MONTH', cell: ({ plan }) => (plan?.monthlyCost ? dollars(plan.monthlyCost.usd) : ''), align: 'right' },
      { title: 'NOTE', cell: (item) => cut(noteOf(item), view.wide ? view.columns : 32) },
    ],
    items,
    view.wide,
  );
  return [table, '', fleetSums(items)].join('\n');
};

const noteOf = ({ plan, problem }: FleetItem): string => {
  if (plan === null) return `${problem?.code ?? 'internal'}: ${problem?.detail ?? ''}`;
  const refusals = plan.policy.filter(({ level }) => level === 'mandatory').length;
  return [
    ...(refusals > 0 ? [`${refusals} refused by policy`] : []),
    ...(plan.approvalsNeeded.length > 0 ? ['loses data'] : []),
    ...(plan.simulated ? ['simulated cloud'] : []),
  ].join(', ');
};

const fleetSums = (items: readonly FleetItem[]): string => {
  const plans = items.flatMap(({ plan }) => (plan === null ? [] : [plan]));
  const failed = items.length - plans.length;
  const usd = plans.reduce((sum, { monthlyCost }) => sum + (monthlyCost?.usd ?? 0), 0);
  const changing = plans.filter(hasChanges).length;
  const parts = [`${changing} of ${items.length} stamps would change`, ...(failed > 0 ? [`${failed} could not be planned`] : [])];
  return `${parts.join(', ')}${usd > 0 ? `; all together ${dollars(usd)} a month, estimated` : ''}.`;
};
