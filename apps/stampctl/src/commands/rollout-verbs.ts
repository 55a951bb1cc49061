import type { RolloutVerb } from '@lapidary/contracts/api/rollouts';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { confirmByName } from '../output/confirm.js';
import { rolloutHint, rolloutText } from '../output/rollout-text.js';
import { ReasonField } from './fields.js';
import { chosenRollout, rolloutsOf } from './rollout-choice.js';
import { assertEndedAs, watchRollout } from './watch-rollout.js';

const Options = z.object({ reason: ReasonField });

/** One word to a roll-out: approve, pause, resume, abort, rollback. */
export const rolloutVerb =
  (verb: RolloutVerb): Command =>
  async (invocation) => {
    const { output, options, signal } = invocation;
    const { reason } = invocation.parse(Options, options);
    const api = rolloutsOf(invocation);
    const before = await chosenRollout(invocation, api);
    if (verb === 'rollback') {
      const changed = before.stamps.filter((s) => ['changing', 'soaking', 'passed', 'failed', 'stuck'].includes(s.status)).length;
      const consequence = `changes ${changed} stamps back from ${before.target}`;
      await confirmByName(output, `Rolling back ${before.id}`, consequence, before.target, options.yes === true, signal);
    }
    const told = await api.tell(before.id, verb, reason);
    const rollout = options['watch'] === true ? await watchRollout(invocation, api, told) : told;
    await output.result({ data: rollout, name: rollout.id, table: (view) => rolloutText(rollout, view) });
    const hint = rolloutHint(rollout);
    if (hint !== null) output.hint(hint);
    if (options['watch'] === true) assertEndedAs(rollout, verb === 'rollback' ? 'rolled_back' : 'completed');
  };
