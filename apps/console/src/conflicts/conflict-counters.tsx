import { Group, Text, UnstyledButton } from '@mantine/core';
import type { ReactNode } from 'react';
import type { ConflictCount } from '@lapidary/contracts/api/replication';
import { TimeAgo } from '../shell/time-ago.js';

/** How often values lost, by collection; names that two regions gave out have no collection. A click shows only those. */
export const ConflictCounters = ({
  counts,
  chosen,
  choose,
}: {
  counts: readonly ConflictCount[];
  chosen: string | undefined;
  choose: (collection: string | undefined) => void;
}): ReactNode =>
  counts.length === 0 ? (
    <Text c="dimmed">No value has lost yet.</Text>
  ) : (
    <Group component="ul" gap="xl" style={{ listStyle: 'none', margin: 0, padding: 0 }} aria-label="Collections">
      {counts.map(({ collection, conflicts, subjects, today, latest }) => (
        <li key={collection ?? ''} data-testid={`counter-${collection ?? 'names'}`}>
          {collection === null ? (
            <Text size="sm">names</Text>
          ) : (
            <UnstyledButton
              className="linklike"
              fz="sm"
              aria-pressed={chosen === collection}
              onClick={() => choose(chosen === collection ? undefined : collection)}
            >
              {collection}
            </UnstyledButton>
          )}
          <Text fw={650} size="lg" className="numeric">
            {conflicts.toLocaleString('en')}
          </Text>
          <Text size="xs" c="dimmed">
            in {subjects.toLocaleString('en')} {nounOf(collection, subjects)}, {today.toLocaleString('en')} today; last{' '}
            <TimeAgo at={latest} />
          </Text>
        </li>
      ))}
    </Group>
  );

const nounOf = (collection: string | null, count: number): string =>
  `${collection === null ? 'name' : 'document'}${count === 1 ? '' : 's'}`;
