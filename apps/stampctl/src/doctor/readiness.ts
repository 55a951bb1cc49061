import { ProblemSchema } from '@lapidary/contracts/api/common';
import { readyPath } from '@lapidary/contracts/api/paths';
import { z } from 'zod';
import { fail, ok, type Finding } from './finding.js';

const timeoutMs = 3_000;

/** What is missing, by name. */
const Lacking = ProblemSchema.extend({ details: z.object({ missing: z.record(z.string(), z.string()) }) });

/** Whether a process says that it is ready, and what it lacks where it says that too. `at`: where it answers probes. */
export const readiness = async (check: string, at: string): Promise<Finding> => {
  const todo = 'See its log under .lapidary/; the supervisor restarts it when it dies.';
  try {
    const answer = await fetch(new URL(readyPath, at), { signal: AbortSignal.timeout(timeoutMs) });
    if (answer.ok) return ok(check, `ready at ${at}`);
    const told = Lacking.safeParse(await answer.json().catch(() => null));
    if (!told.success) return fail(check, `not ready (${answer.status}) at ${at}`, todo);
    const missing = Object.entries(told.data.details.missing).map(([name, what]) => `${name}: ${what}`);
    return fail(
      check,
      `lacks ${missing.join('; ')}`,
      'Mend that first: what else is unwell may follow from it (docs/runbooks/not_ready.md).',
    );
  } catch {
    return fail(check, `no answer at ${at}`, todo);
  }
};
