import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { apiChecks } from '../doctor/api-checks.js';
import type { Finding } from '../doctor/finding.js';
import { fleetChecks } from '../doctor/fleet-checks.js';
import { localChecks } from '../doctor/local-checks.js';
import type { Command } from '../invocation.js';
import type { View } from '../output/output.js';
import { statusColour } from '../output/status-colour.js';
import { renderWrapped } from '../output/table.js';

const stateWidth = 6;
const checkWidth = 14;

export const doctor: Command = async (invocation) => {
  const { output } = invocation;
  const target = invocation.target();
  const api = invocation.connect(target);
  const findings = await localChecks(target, output.terminal.env);
  const reached = await apiChecks(api);
  findings.push(...reached.findings);
  if (reached.usable) findings.push(...(await fleetChecks(api, target)));
  const worst = findings.some((f) => f.state === 'fail') ? 'fail' : findings.some((f) => f.state === 'warn') ? 'warn' : 'ok';
  await output.result({ data: { state: worst, findings }, name: worst, table: (view) => report(findings, worst, view) });
  return worst === 'fail' ? exitCodes.error : exitCodes.ok;
};

const report = (findings: readonly Finding[], worst: Finding['state'], view: View): string => {
  const rows = findings.flatMap((f) => [
    [statusColour(f.state, view.colours), f.check, f.detail],
    ...(f.todo === undefined ? [] : [['', '', `${view.colours.dim('→')} ${f.todo}`]]),
  ]);
  const verdict = { ok: 'All is well.', warn: 'It works, with warnings.', fail: 'Something is broken; start with the first "fail".' }[
    worst
  ];
  return `${renderWrapped(rows, [stateWidth, checkWidth], view.columns)}\n\n${verdict}`;
};
