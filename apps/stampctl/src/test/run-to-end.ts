import type { JobView } from '@lapidary/contracts/api/jobs';
import type { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { aStamp } from '@lapidary/testing/fleet-fixtures';

/** Steps a provisioning job to its end, as the control plane's runner words it. */
export const runToEnd = (plane: FakeControlPlane, job: JobView, to = job.steps.length): void => {
  let now: JobView = { ...job, status: 'running', startedAt: new Date().toISOString() };
  plane.progress(now, { message: 'accepted' });
  for (const step of job.steps.slice(0, to)) {
    const at = new Date().toISOString();
    now = { ...now, steps: now.steps.map((s) => (s.name === step.name ? { ...s, status: 'running', attempts: 1, startedAt: at } : s)) };
    plane.progress(now, { step: step.name, message: step.title });
    plane.progress(now, { step: step.name, message: 'created stamp:database eu-2-db' });
    now = {
      ...now,
      steps: now.steps.map((s) => (s.name === step.name ? { ...s, status: 'succeeded', finishedAt: at, message: 'done' } : s)),
    };
    plane.progress(now, { step: step.name, message: 'done', data: { status: 'succeeded' } });
  }
  if (to < job.steps.length) {
    const failed = job.steps[to]!.name;
    now = { ...now, steps: now.steps.map((s) => (s.name === failed ? { ...s, status: 'failed', message: 'disk is full' } : s)) };
    const error = { code: 'provision_failed', message: 'disk is full' };
    return plane.progress(
      { ...now, status: 'failed', error, finishedAt: new Date().toISOString() },
      { step: failed, level: 'error', message: 'disk is full' },
    );
  }
  plane.stamps.set(job.subject, aStamp({ name: job.subject, used: { units: 0 }, tenants: 0 }));
  plane.progress(
    { ...now, status: 'succeeded', summary: '8 created', finishedAt: new Date().toISOString() },
    { message: 'done: 8 created' },
  );
};
