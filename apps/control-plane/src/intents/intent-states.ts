import type { IntentState } from '@lapidary/contracts/api/intents';
import { checkTransitions, type TransitionTable } from '@lapidary/kernel/transition-table';

export type IntentEvent = 'send' | 'cancel' | 'withdraw' | 'execute' | 'refuse' | 'confirm-cancel' | 'expire' | 'lose';

/**
 * A request that waits for the region that owns its subject, at the region that took it (docs/flows/intents.md).
 *
 * - IN1 It takes effect at most once: the owner writes its verdict in the transaction of the effect, under the intent's id (I5).
 * - IN2 The owner's verdict never changes, and the intent ends as the verdict says. Only of what was never sent is it decided here.
 * - IN3 "sent" is committed before the first message leaves: what is queued is known to nobody else.
 * - IN4 Whether its time ran out is judged by the owner, by its clock, once it was sent; before that, here.
 * - IN5 Intents about one subject are asked for in the order in which they were taken, each after the one before has ended.
 * - IN6 The actor's right is asked for when it is taken, before each time it is sent, and by the owner when it executes it.
 * - IN7 Nobody waits for an owner that was given up as lost for good: what was not executed by then never will be.
 */
export const intentTransitions: TransitionTable<IntentState, IntentEvent> = {
  name: 'intent',
  initial: 'queued',
  states: {
    queued: 'taken and durable; the owner cannot be reached, and nothing has been sent',
    sent: 'sent at least once; only the owner knows what became of it',
    cancelling: 'sent, and to be taken back; the owner decides which came first',
    executed: 'the owner has executed it, once',
    refused: 'the owner’s API refused it, or who asked lost the right to',
    cancelled: 'taken back before it was executed; it never will be',
    expired: 'its time ran out before it was executed; it never will be',
  },
  transitions: [
    { from: ['queued'], event: 'send', to: 'sent', why: 'the link stands; written before the message leaves (IN3)' },
    { from: ['queued'], event: 'cancel', to: 'cancelled', why: 'nothing was sent' },
    { from: ['sent'], event: 'cancel', to: 'cancelling', why: 'the owner may have executed it' },
    { from: ['queued'], event: 'withdraw', to: 'refused', why: 'who asked has lost the right before it was sent (IN6)' },
    { from: ['sent'], event: 'withdraw', to: 'cancelling', why: 'who asked has lost the right after it was sent (IN6)' },
    { from: ['queued'], event: 'expire', to: 'expired', why: 'its time ran out and nothing was sent (IN4)' },
    { from: ['sent', 'cancelling'], event: 'expire', to: 'expired', why: 'the owner says that it came too late (IN4)' },
    { from: ['sent', 'cancelling'], event: 'execute', to: 'executed', why: 'the owner says so (IN2)' },
    { from: ['sent', 'cancelling'], event: 'refuse', to: 'refused', why: 'the owner says so (IN2)' },
    { from: ['sent', 'cancelling'], event: 'confirm-cancel', to: 'cancelled', why: 'the owner will never execute it (IN2)' },
    { from: ['queued', 'sent', 'cancelling'], event: 'lose', to: 'cancelled', why: 'its owner was given up as lost for good (IN7)' },
  ],
};

checkTransitions(intentTransitions);
