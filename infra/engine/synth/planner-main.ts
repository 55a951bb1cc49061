import { PlannerCommandSchema, type PlannerMessage } from '@lapidary/contracts/planner-protocol';

/**
 * The planner: a child of the control plane that stays, with SDK, template and engine loaded (planner-protocol.ts). It is a process
 * of its own for the same reasons as the provisioning child, and because rendering takes a whole core for a moment. It only
 * reads, so it may be killed at any time, and ends at once when its parent is gone.
 */

// The SDK takes a stack trace per promise, most of its time otherwise (measured: 4 to 6 times slower).
Error.stackTraceLimit = 0;

process.on('disconnect', () => process.exit(0));
// A terminal's Ctrl-C reaches the whole group; the parent closes the channel when it is done with this child.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => undefined);
// A run that the engine stopped leaves promises of its program behind that nobody waits for; its answer is given already.
process.on('unhandledRejection', () => undefined);

await import('../lazy-arborist.js');
const { Planner } = await import('./planner.js');
await import('../../template/local/local-stamp.js');
await import('../../template/aws/aws-stamp.js');

const send = (message: object): void => {
  // A parent that is gone takes no answers; "disconnect" ends this process.
  if (process.connected) process.send?.({ ...message, residentBytes: process.memoryUsage.rss() } as PlannerMessage, () => undefined);
};

const planner = new Planner(send);

process.on('message', (raw) => {
  const command = PlannerCommandSchema.safeParse(raw);
  if (command.success) return planner.take(command.data);
  const id = Number((raw as { id?: unknown } | null)?.id);
  const message = command.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  if (Number.isInteger(id))
    send({ type: 'answer', id, answer: { type: 'failure', code: 'program_failed', message: `not a command: ${message}`, retry: false } });
});
send({ type: 'ready' });
