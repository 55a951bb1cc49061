import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { JobView } from '@lapidary/contracts/api/jobs';

const marks: Readonly<Record<string, readonly [string, string]>> = {
  succeeded: ['✓', 'good'],
  failed: ['✗', 'bad'],
  running: ['●', 'passing'],
  skipped: ['–', 'quiet'],
  pending: ['○', 'quiet'],
};

type Step = JobView['steps'][number];

/** "12 s", "3 min"; one unit is enough to decide whether to wait. */
export const roughly = (ms: number): string => (ms < 90_000 ? `${Math.max(1, Math.round(ms / 1000))} s` : `${Math.round(ms / 60_000)} min`);

/** Of the step under way: what is done of it, and how long it usually takes. A region of an older version tells neither. */
const outlook = ({ status, progress, usual }: Step): string => {
  if (status !== 'running') return '';
  const done = !progress ? [] : [`${progress.done}${progress.expected === null ? '' : `/${progress.expected}`} resources`];
  const time = !usual ? [] : [`usually ${roughly(usual.medianMs)}, at most ${roughly(usual.p90Ms)}`];
  return [...done, ...time].map((text) => `, ${text}`).join('');
};

const seconds = (step: Step): string =>
  step.startedAt && step.finishedAt ? `${((Date.parse(step.finishedAt) - Date.parse(step.startedAt)) / 1000).toFixed(1)} s` : '';

export const StepList = ({ job }: { job: JobView }): ReactNode => (
  <Stack gap={6} component="ol" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
    {job.steps.map((step) => {
      const [mark, tone] = marks[step.status] ?? ['○', 'quiet'];
      return (
        <li key={step.name}>
          <Text size="sm" component="div">
            <span className={tone} aria-hidden="true" style={{ display: 'inline-block', width: '1.4em' }}>
              {mark}
            </span>
            {step.title}{' '}
            <span className="quiet">{`${step.status}${step.attempts > 1 ? `, try ${step.attempts}` : ''}${outlook(step)} ${seconds(step)}`}</span>
          </Text>
          {step.message !== null && (
            <Text size="xs" c="dimmed" pl="1.6em">
              {step.message}
            </Text>
          )}
        </li>
      );
    })}
  </Stack>
);
