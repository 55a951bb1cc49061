import { Progress, Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { finishedJobStatuses, type JobView } from '@lapidary/contracts/api/jobs';
import { HeadedTable } from '../shell/headed-table.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { regionOption } from '../shell/region-option.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';
import { useJobs } from './use-jobs.js';

export const JobsPanel = ({ region }: { region: string | undefined }): ReactNode => (
  <Panel title="Jobs" command={`stampctl jobs ls${regionOption(region)}`}>
    <Loaded query={useJobs(region)}>
      {({ jobs, missing }) => (
        <>
          {missing.length > 0 && (
            <Text size="sm" className="bad" role="status">
              Jobs of {missing.join(', ')} are missing here: {missing.length === 1 ? 'it does' : 'they do'} not answer.
            </Text>
          )}
          {jobs.length === 0 ? (
            <Empty command="stampctl provision eu-2">
              No job{missing.length > 0 ? ' that is known' : ' yet'}. Provisioning a stamp makes one:
            </Empty>
          ) : (
            <JobsTable jobs={jobs} />
          )}
        </>
      )}
    </Loaded>
  </Panel>
);

const JobsTable = ({ jobs }: { jobs: readonly JobView[] }): ReactNode => (
  <HeadedTable label="Jobs" head={['Job', 'Status', 'Progress', 'Asked']}>
    {jobs.map((job) => (
      <Table.Tr key={job.id} data-testid={`job-${job.subject}`}>
        <Table.Th scope="row" fw={400} className="numeric">
          <Link from="/" to="/" search={(before) => ({ ...before, job: job.id })} className="linklike">
            {job.kind} {job.subject}
          </Link>
        </Table.Th>
        <Table.Td>
          <Status value={job.status} />
        </Table.Td>
        <Table.Td style={{ minWidth: 220 }}>
          <JobProgress job={job} />
        </Table.Td>
        <Table.Td className="numeric">
          <TimeAgo at={job.createdAt} />
        </Table.Td>
      </Table.Tr>
    ))}
  </HeadedTable>
);

const JobProgress = ({ job }: { job: JobView }): ReactNode => {
  const done = job.steps.filter((s) => s.status === 'succeeded' || s.status === 'skipped').length;
  const current = job.steps.find((s) => s.status === 'running') ?? job.steps.find((s) => s.status === 'failed');
  const outcome = job.error?.message ?? job.summary ?? (job.status === 'cancelled' ? 'cancelled' : '');
  if (finishedJobStatuses.includes(job.status)) return <Text size="sm">{outcome}</Text>;
  return (
    <>
      <Progress.Root size="sm">
        <Progress.Section
          value={(100 * done) / Math.max(1, job.steps.length)}
          color="cyan.8"
          aria-label={`${job.subject}: ${done} of ${job.steps.length} steps done`}
        />
      </Progress.Root>
      <Text size="xs" c="dimmed" mt={4} aria-live="polite">
        {done} of {job.steps.length} steps{current ? `: ${current.title}` : ''}
      </Text>
    </>
  );
};
