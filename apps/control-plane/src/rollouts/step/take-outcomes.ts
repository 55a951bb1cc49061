import type { MemberState, RolloutObservations } from '../rollout-state.js';
import type { Draft } from './draft.js';

/** Jobs that take a stamp back are tried this often in all; what fails three times needs a person. */
export const revertsMax = 3;

/** Takes in what the regions answered and how their jobs ended. */
export const takeOutcomes = (draft: Draft, seen: RolloutObservations): void => {
  for (const member of draft.state.members) {
    if (seen.released.has(member.stamp) && member.status !== 'changing' && member.status !== 'reverting') member.held = false;
    if (member.status !== 'changing' && member.status !== 'reverting') continue;
    takeAcceptance(draft, member, seen);
    if (member.job !== null) takeJob(draft, member, seen);
  }
};

const takeAcceptance = (draft: Draft, member: MemberState, { accepted }: RolloutObservations): void => {
  const answer = accepted.get(member.stamp);
  if (!answer || answer.attempt !== member.attempt || member.job !== null) return;
  if ('refused' in answer) return ended(draft, member, `its region refused: ${answer.message}`);
  // Why it is taken back stays written there.
  if (member.status === 'changing') member.message = 'waiting' in answer ? answer.waiting : null;
  if ('waiting' in answer) return;
  member.job = answer.job;
  // What it is taken back to is what it had before the roll-out, not before the last try.
  if (member.status === 'changing' && answer.fromVersion !== null) member.fromVersion = answer.fromVersion;
};

const takeJob = (draft: Draft, member: MemberState, { jobs }: RolloutObservations): void => {
  const job = member.job === null ? undefined : jobs.get(member.job);
  if (job?.status === 'failed' || job?.status === 'cancelled') {
    return ended(draft, member, `job ${member.job} ${job.status}${job.error ? `: ${job.error.message}` : ''}`);
  }
  if (job?.status !== 'succeeded') return;
  if (member.status === 'reverting') {
    draft.moveMember(member, 'return', null);
    return draft.say('info', `is back at ${member.fromVersion ?? draft.state.base}`, { member });
  }
  draft.moveMember(member, 'arrive', null);
  member.changedAtMs = draft.nowMs;
  draft.say('info', `runs ${draft.state.target} and is watched`, { member });
};

const ended = (draft: Draft, member: MemberState, why: string): void => {
  if (member.status === 'changing') {
    draft.moveMember(member, 'fail', why);
    return draft.say('error', why, { member });
  }
  member.reverts += 1;
  if (member.reverts < revertsMax) {
    draft.ask(member, 'again', why);
    return draft.say('warning', `${why}; trying again to take it back`, { member });
  }
  draft.moveMember(member, 'give_up', why);
  draft.say('error', `could not be taken back (${why}); it stays held for new tenants`, { member });
};
