import { Anchor, Box, Button, Container, Group, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { endSession } from '../api/commands.js';
import { sessionQuery } from '../api/queries.js';
import type { LiveState } from '../live/live-connection.js';
import { FencedNotice } from './fenced-notice.js';
import { LiveBadge } from './live-badge.js';

const pages = [
  ['/', 'Fleet'],
  ['/geodes', 'Geodes'],
  ['/rollouts', 'Roll-outs'],
  ['/drift', 'Drift'],
  ['/conflicts', 'Conflicts'],
  ['/dead-letters', 'Dead letters'],
  ['/capacity', 'Capacity'],
  ['/names', 'Names'],
  ['/route', 'Route'],
  ['/audit', 'Audit'],
  ['/tokens', 'Tokens'],
] as const;

/** Head of every page: which geode answers, whether it is live, who is signed in. */
export const PageShell = ({ live, children }: { live: LiveState; children: ReactNode }): ReactNode => {
  const session = useQuery(sessionQuery).data;
  const queries = useQueryClient();
  const navigate = useNavigate();
  const signOut = async (): Promise<void> => {
    await endSession().catch(() => undefined);
    queries.clear();
    await navigate({ to: '/login' });
  };
  return (
    <>
      <Anchor href="#main" className="skip-link">
        Skip to content
      </Anchor>
      <Box component="header" bg="var(--mantine-color-body)" style={{ borderBottom: '1px solid var(--mantine-color-default-border)' }}>
        <Container size="xl" py="xs">
          <Group justify="space-between" gap="sm">
            <Group gap="xs">
              <img src="/icon.svg" alt="" width={24} height={24} />
              <Title order={1} size="h3">
                Lapidary
              </Title>
              {session && (
                <Text size="sm" c="dimmed" visibleFrom="xs">
                  as seen from {session.region}
                </Text>
              )}
            </Group>
            <Group gap="md">
              <LiveBadge live={live} />
              <Text size="sm" c="dimmed" visibleFrom="sm">
                {session?.actor}
              </Text>
              <Button variant="default" size="xs" onClick={() => void signOut()}>
                Sign out
              </Button>
            </Group>
          </Group>
          <Group component="nav" aria-label="Pages" gap="0 0.9rem" mt={4}>
            {pages.map(([to, name]) => (
              <Link key={to} to={to} className="page-link" activeOptions={{ exact: true, includeSearch: false }}>
                {name}
              </Link>
            ))}
          </Group>
        </Container>
      </Box>
      <Container component="main" id="main" size="xl" py="md" tabIndex={-1}>
        <FencedNotice region={session?.region} />
        {children}
      </Container>
    </>
  );
};
