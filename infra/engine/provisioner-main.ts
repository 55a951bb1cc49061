import { ProvisionerCommandSchema, type ProvisionerMessage } from '@lapidary/contracts/provisioner-protocol';
import { LeaseWatch } from './lease-watch.js';

/**
 * The provisioning child: forked per operation, spoken to over IPC (provisioner-protocol.ts). It is a process of its own
 * because the SDK installs process-wide handlers while a program runs, needs 150 MB, and must be killable at any moment.
 */

// The SDK takes a stack trace per promise, most of its time otherwise (measured: 4 to 6 times slower).
Error.stackTraceLimit = 0;

/** After the channel is gone: time for the resource that is being worked on, then the process ends whatever it does. */
const orphanGraceMs = 90_000;

const cancel = new AbortController();
let started = false;

/** Another may work on the stack once the parent's lease is over; whatever is in hand then is found again by its seed (I8). */
const lease = new LeaseWatch({ ending: () => cancel.abort(), over: () => process.exit(1) });

let sent: Promise<void> = Promise.resolve();

const send = (message: ProvisionerMessage): void => {
  // A parent that died takes no messages; the work that is under way must still be saved.
  sent = new Promise((resolve) => (process.connected ? process.send?.(message, () => resolve()) : resolve()));
};

const run = async (command: unknown): Promise<void> => {
  const parsed = ProvisionerCommandSchema.safeParse(command);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    send({ type: 'failure', code: 'program_failed', message: `not a command: ${problems}`, retry: false, details: {} });
    return end();
  }
  if (parsed.data.type === 'cancel') return cancel.abort();
  if (parsed.data.type === 'lease') return lease.renew(parsed.data.untilMs);
  if (started) return;
  started = true;
  if (parsed.data.run.lease !== null) lease.renew(parsed.data.run.lease.untilMs);
  // Loaded here and not above, so that a cancel that comes during the second it takes is not lost.
  await import('./lazy-arborist.js');
  const { provision } = await import('./provisioner.js');
  await provision(parsed.data.run, send, cancel.signal);
  await end();
};

/** Lets what was sent leave the process first. */
const end = async (): Promise<void> => {
  await sent;
  process.exit(0);
};

// A template that throws leaves promises of the SDK behind that fail with it, after the SDK has taken its own listener away. What
// failed is told by the operation's result; these would only kill the child before it has said so.
process.on('unhandledRejection', () => undefined);
process.on('message', (command) => void run(command));
process.on('disconnect', () => {
  cancel.abort();
  if (!started) process.exit(0);
  setTimeout(() => process.exit(1), orphanGraceMs).unref();
});
// A terminal's Ctrl-C reaches the whole group; the parent decides what becomes of the operation.
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    cancel.abort();
    if (!started) process.exit(0);
  });
}
