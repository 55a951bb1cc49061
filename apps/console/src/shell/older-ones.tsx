import { Button, Group } from '@mantine/core';
import type { ReactNode } from 'react';

interface PagedQuery {
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  readonly fetchNextPage: () => unknown;
}

/** The way to the next page of a list that begins with the newest; nothing at its end. */
export const OlderOnes = ({ query }: { query: PagedQuery }): ReactNode =>
  query.hasNextPage && (
    <Group justify="center">
      <Button variant="default" size="xs" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
        Older ones
      </Button>
    </Group>
  );
