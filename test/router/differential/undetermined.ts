import type { RequestCase } from '../corpus/case.ts';
import type { Observation } from './observe.ts';

/** A case in which a program does now this and now that, though it was sent the same bytes in the same way. */
export interface Undetermined {
  /** With its version: another one may have made up its mind. */
  readonly peer: string;
  readonly group: string;
  readonly id: string;
  /** Everything it may do. What is worst for a stamp comes first, and is what counts. */
  readonly ways: readonly [Way, Way, ...Way[]];
  readonly why: string;
}
/** `status`: of its first answer; null: there is none. */
type Way = Pick<Observation, 'verdict'> & { readonly status: number | null };

export const undetermined: readonly Undetermined[] = [
  {
    peer: 'HAProxy 2.6.12',
    group: 'trailers',
    id: 'space-before-colon',
    ways: [
      { verdict: 'forwards, unreadable', status: 400 },
      { verdict: 'refuses', status: 400 },
    ],
    // h1_parse_msg_tlrs leaves tlr_h1m.err_pos as the stack has it; below -1 the blank is refused, else it is let through. Later versions
    // set it. Of three processes two let it through and one refused it, each in every one of 15 to 300 tries.
    why: 'its parser of trailers is lenient or not by a field that it has not set, so that each process settles for one way of its own',
  },
  {
    peer: 'HAProxy 2.6.12',
    group: 'chunks',
    id: 'extension-too-large',
    ways: [
      { verdict: 'waits', status: null },
      { verdict: 'refuses', status: 400 },
    ],
    // Forty kilobytes of one line, more than its buffer holds. On the busy machine each of 60 tries was refused, in one piece or in several.
    why: 'nothing came of it on a quiet machine, and a refusal on a busy one',
  },
];

/** An observation as the page has it: where several are as good as each other, all of them, and the worst counts. */
export const settled = (peer: string, one: Pick<RequestCase, 'group' | 'id'>, seen: Observation): Observation => {
  const known = undetermined.find((u) => u.peer === peer && u.group === one.group && u.id === one.id);
  const isSeen = (way: Way): boolean => way.verdict === seen.verdict && way.status === (seen.statuses[0] ?? null);
  if (!known?.ways.some(isSeen)) return seen;
  const [worst, ...others] = known.ways;
  const or = others.map(({ verdict, status }) => (verdict === 'refuses' ? String(status) : verdict));
  return { verdict: worst.verdict, statuses: worst.status === null ? [] : [worst.status], closed: seen.closed, or };
};
