import type { RouteExplanation } from '@lapidary/contracts/api/routing';
import { humanAge } from './human-time.js';
import type { View } from './output.js';
import { renderWrapped } from './table.js';

const markWidth = 4;
const stepWidth = 10;

/** A change is there within milliseconds of its commit; less than this is nobody's trouble. */
const noticeableMs = 1_000;

/** The router's steps, then what comes out of them. */
export const routeText = (route: RouteExplanation, view: View): string => {
  const { bold, dim, green, red, yellow } = view.colours;
  const result =
    route.action === 'forward'
      ? `${green('forward')} to ${bold(route.stamp ?? '?')} at ${route.upstream ?? '?'}\n  tenant ${route.tenant ?? '?'}, epoch ${route.epoch ?? '?'}`
      : `${red('refuse')} with ${route.status ?? '?'} ${route.code ?? ''}`;
  const rows = route.steps.map((s) => [`  ${s.ok ? green('✓') : red('✗')}`, s.step, s.reason]);
  const { source, cursor, entries, ageMs, lagMs } = route.directory;
  const held = `${entries} entries at cursor ${cursor}, control plane heard ${humanAge(ageMs)} ago${lagMs >= noticeableMs ? `, ${humanAge(lagMs)} behind` : ''}`;
  const origin = [
    `router     ${route.router} in ${route.region}`,
    `directory  ${source === 'live' ? 'live' : yellow('from disk')}, ${held}`,
  ].join('\n');
  return [`${bold(route.host)} → ${result}`, renderWrapped(rows, [markWidth, stepWidth], view.columns), dim(origin)].join('\n');
};
