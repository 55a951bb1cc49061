import { Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { RolloutView } from '@lapidary/contracts/api/rollouts';
import { rolloutEventsQuery, rolloutQuery } from '../api/queries.js';
import { CopyCommand } from '../shell/copy-command.js';
import { exactText } from '../shell/exact-time.js';
import { Loaded } from '../shell/panel.js';
import { SideDrawer } from '../shell/side-drawer.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';
import { RolloutActions } from './rollout-actions.js';
import { WaveList } from './wave-list.js';

/** More lines than this are read on the command line. */
const linesShown = 200;

/** One roll-out: its waves with what they were judged by, its stamps, what can be done, and what was said. */
export const RolloutDrawer = ({ id, close }: { id: string; close: () => void }): ReactNode => (
  <SideDrawer title="Roll-out" close={close}>
    <Loaded query={useQuery(rolloutQuery(id))}>{(rollout) => <RolloutDetail rollout={rollout} />}</Loaded>
  </SideDrawer>
);

const RolloutDetail = ({ rollout }: { rollout: RolloutView }): ReactNode => (
  <Stack>
    <div>
      <Title order={2} size="h4">
        {rollout.kind} {rollout.base} → {rollout.target}{' '}
        <Text component="span" size="sm" ml="xs">
          <Status value={rollout.status}>{rollout.status.replace('_', ' ')}</Status>
        </Text>
      </Title>
      <Text size="sm" c="dimmed">
        asked by {rollout.requestedBy}, <TimeAgo at={rollout.createdAt} />
        {rollout.reason === null ? '' : `: ${rollout.reason}`}
      </Text>
      {rollout.statusReason !== null && <Text size="sm">{rollout.statusReason}</Text>}
    </div>
    <RolloutActions rollout={rollout} />
    <WaveList rollout={rollout} />
    <Title order={3} size="h5">
      Messages{' '}
      <Text component="span" size="xs" c="dimmed">
        times in UTC
      </Text>
    </Title>
    <Loaded query={useQuery(rolloutEventsQuery(rollout.id))}>
      {(lines) => (
        <ol className="log" aria-label="Messages">
          {lines.slice(-linesShown).map((line) => (
            <li key={line.sequence}>
              <time className="mono quiet" dateTime={line.at} title={exactText(line.at)}>
                {new Date(line.at).toISOString().slice(11, 19)}
              </time>
              <Text
                size="sm"
                component="span"
                className={line.level === 'error' ? 'bad' : line.level === 'warning' ? 'passing' : undefined}
              >
                {line.level === 'info' ? '' : `${line.level}: `}
                {line.stamp === null ? '' : `${line.stamp}: `}
                {line.message}
              </Text>
            </li>
          ))}
        </ol>
      )}
    </Loaded>
    <CopyCommand command={`stampctl rollout status ${rollout.id} --watch`} />
  </Stack>
);
