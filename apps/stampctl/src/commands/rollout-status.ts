import type { Command } from '../invocation.js';
import { rolloutHint, rolloutText } from '../output/rollout-text.js';
import { chosenRollout, rolloutsOf } from './rollout-choice.js';
import { assertEndedAs, watchRollout } from './watch-rollout.js';

export const rolloutStatus: Command = async (invocation) => {
  const { output, options } = invocation;
  const api = rolloutsOf(invocation);
  const chosen = await chosenRollout(invocation, api);
  const rollout = options.watch === true ? await watchRollout(invocation, api, chosen) : chosen;
  await output.result({ data: rollout, name: rollout.id, table: (view) => rolloutText(rollout, view) });
  const hint = rolloutHint(rollout);
  if (hint !== null) output.hint(hint);
  if (options.watch === true) assertEndedAs(rollout, 'completed');
};
