import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { finishedJobStatuses, type JobEstimate, type JobEvents } from '@lapidary/contracts/api/jobs';
import { cancelJob, retryJob } from '../api/commands.js';
import { jobEventsQuery, jobsQuery, sessionQuery } from '../api/queries.js';
import { CopyCommand } from '../shell/copy-command.js';
import { exactText } from '../shell/exact-time.js';
import { Loaded } from '../shell/panel.js';
import { ProblemAlert } from '../shell/problem-alert.js';
import { SideDrawer } from '../shell/side-drawer.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';
import { roughly, StepList } from './step-list.js';

/** More lines than this are read on the command line. */
const linesShown = 200;
const elsewhereIntervalMs = 2_000;

/** One job: its steps, and every line as it is written. */
export const JobDrawer = ({ id, close }: { id: string; close: () => void }): ReactNode => (
  <SideDrawer title="Job" close={close}>
    <Loaded query={useQuery({ ...jobEventsQuery(id), refetchInterval: useElsewhereInterval() })}>
      {(data) => <JobDetail data={data} />}
    </Loaded>
  </SideDrawer>
);

/** Jobs of other regions tell nothing here: while one is under way its lines are asked for. */
const useElsewhereInterval = (): ((query: { readonly state: { readonly data: JobEvents | undefined } }) => number | false) => {
  const here = useQuery(sessionQuery).data?.region;
  return ({ state: { data } }) =>
    data === undefined || data.job.region === here || finishedJobStatuses.includes(data.job.status) ? false : elsewhereIntervalMs;
};

const JobDetail = ({ data: { job, items } }: { data: JobEvents }): ReactNode => (
  <Stack>
    <div>
      <Title order={2} size="h4">
        {job.kind} {job.subject}{' '}
        <Text component="span" size="sm" ml="xs">
          <Status value={job.status} />
        </Text>
      </Title>
      <Text size="sm" c="dimmed">
        asked by {job.requestedBy}, <TimeAgo at={job.createdAt} />
        {job.attempt > 1 ? `, attempt ${job.attempt}` : ''}
      </Text>
      {job.summary !== null && <Text size="sm">{job.summary}</Text>}
      {job.estimate && <Text size="sm">{estimateText(job.estimate)}</Text>}
      {job.error && (
        <Text size="sm" className="bad">
          {job.error.message} <span className="mono">({job.error.code})</span>
        </Text>
      )}
    </div>
    <StepList job={job} />
    <JobActions id={job.id} status={job.status} isPastNoReturn={Boolean(job.noReturnAt)} />
    <Title order={3} size="h5">
      Messages{' '}
      <Text component="span" size="xs" c="dimmed">
        times in UTC
      </Text>
    </Title>
    <ol className="log" aria-label="Messages" data-testid="job-log">
      {items.slice(-linesShown).map((line) => (
        <li key={line.sequence}>
          <time className="mono quiet" dateTime={line.at} title={exactText(line.at)}>
            {new Date(line.at).toISOString().slice(11, 19)}
          </time>
          <Text size="sm" component="span" className={line.level === 'error' ? 'bad' : line.level === 'warning' ? 'passing' : undefined}>
            {line.level === 'info' ? '' : `${line.level}: `}
            {line.message}
          </Text>
        </li>
      ))}
    </ol>
    <CopyCommand command={`stampctl jobs ${finishedJobStatuses.includes(job.status) ? 'show' : 'watch'} ${job.id}`} />
  </Stack>
);

const estimateText = (estimate: JobEstimate): string =>
  estimate.longerThanUsual
    ? 'Takes longer than usual'
    : `About ${roughly(estimate.remainingMs)} to go, at most ${roughly(estimate.remainingAtMostMs)} (from ${estimate.samples} ${estimate.samples === 1 ? 'job' : 'jobs'})`;

const JobActions = ({ id, status, isPastNoReturn }: { id: string; status: string; isPastNoReturn: boolean }): ReactNode => {
  const queries = useQueryClient();
  const act = useMutation({
    mutationFn: (what: 'cancel' | 'retry') => (what === 'cancel' ? cancelJob(id) : retryJob(id)),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: jobsQuery.queryKey });
      await queries.invalidateQueries({ queryKey: ['job-events', id] });
    },
  });
  const canCancel = (status === 'queued' || status === 'running') && !isPastNoReturn;
  const canRetry = status === 'failed' || status === 'cancelled';
  return (
    <>
      {act.error && <ProblemAlert error={act.error} />}
      {isPastNoReturn && status === 'running' && (
        <Text size="sm" c="dimmed">
          Past the point of no return: it can only be finished.
        </Text>
      )}
      {(canCancel || canRetry) && (
        <Group>
          <Button size="xs" variant="default" loading={act.isPending} onClick={() => act.mutate(canCancel ? 'cancel' : 'retry')}>
            {canCancel ? 'Cancel the job' : 'Try again from the failed step'}
          </Button>
        </Group>
      )}
    </>
  );
};
