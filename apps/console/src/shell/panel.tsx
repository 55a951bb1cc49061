import { Box, Group, Paper, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useId, type ReactNode } from 'react';
import { CopyCommand } from './copy-command.js';
import { ProblemAlert } from './problem-alert.js';

interface PanelProps {
  readonly title: string;
  /** The command that shows the same. */
  readonly command?: string;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A titled part of the page, a landmark for screen readers. */
export const Panel = ({ title, command, actions, children }: PanelProps): ReactNode => {
  const id = useId();
  return (
    <Paper component="section" aria-labelledby={id} withBorder p="md">
      <Group justify="space-between" mb="sm" gap="sm">
        <Title order={2} size="h4" id={id}>
          {title}
        </Title>
        <Group gap="sm">
          {command !== undefined && (
            <Box visibleFrom="sm">
              <CopyCommand command={command} />
            </Box>
          )}
          {actions}
        </Group>
      </Group>
      {children}
    </Paper>
  );
};

interface QueryState<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly refetch: () => unknown;
}

/** Waiting, failed, or there. Data that was read before a failure stays on the page, with the failure above it. */
export const Loaded = <T,>({
  query,
  rows = 3,
  children,
}: {
  query: QueryState<T>;
  rows?: number;
  children: (data: T) => ReactNode;
}): ReactNode => (
  <>
    {query.error !== null && query.error !== undefined && <ProblemAlert error={query.error} retry={() => void query.refetch()} />}
    {query.data === undefined && !query.error && (
      <Stack gap="xs" aria-busy="true" aria-label="Loading">
        {Array.from({ length: rows }, (_, n) => (
          <Skeleton key={n} height={22} />
        ))}
      </Stack>
    )}
    {query.data !== undefined && children(query.data)}
  </>
);

/** An empty list says what would fill it. */
export const Empty = ({ children, command }: { children: ReactNode; command: string }): ReactNode => (
  <Stack gap="xs" align="flex-start" py="sm">
    <Text c="dimmed">{children}</Text>
    <CopyCommand command={command} />
  </Stack>
);
