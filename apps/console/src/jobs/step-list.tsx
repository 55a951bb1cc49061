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

const seconds = (step: JobView['steps'][number]): string =>
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
            <span className="quiet">{`${step.status}${step.attempts > 1 ? `, try ${step.attempts}` : ''} ${seconds(step)}`}</span>
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
