import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { LiveState } from '../live/live-connection.js';
import { Status } from './status.js';
import { TimeAgo } from './time-ago.js';

/** Whether what is shown is what is: told to screen readers too when it changes. */
export const LiveBadge = ({ live }: { live: LiveState }): ReactNode => (
  <Text size="sm" component="div" role="status" data-testid="live">
    <Status value={live.state}>
      {live.state === 'stale' ? (
        <>
          stale since <TimeAgo at={live.since} />
        </>
      ) : (
        live.state
      )}
    </Status>
  </Text>
);
