import { Group, Paper, SimpleGrid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { regionsQuery, stampsQuery } from '../api/queries.js';
import { Status } from '../shell/status.js';

/** The four figures that are looked at first. */
export const Summary = (): ReactNode => {
  const regionsAsked = useQuery(regionsQuery);
  const stampsAsked = useQuery(stampsQuery);
  const regions = regionsAsked.data ?? [];
  const stamps = (stampsAsked.data ?? []).filter((s) => s.status !== 'retired');
  const sum = (pick: (r: (typeof regions)[number]) => number): number => regions.reduce((total, r) => total + pick(r), 0);
  const cut = regions.filter((r) => r.link.state === 'cut').length;
  const unwell = stamps.filter((s) => s.status === 'failed' || (s.status === 'active' && s.health !== 'healthy')).length;
  const pending = sum((r) => r.pending);
  const taken = sum((r) => r.used.units);
  const capacity = sum((r) => r.capacity.units);
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
      <Figure
        title="Regions"
        asked={regionsAsked}
        figure={regions.length}
        tone={cut > 0 ? 'cut' : 'connected'}
        note={cut > 0 ? `${cut} cut off` : 'all linked'}
      />
      <Figure
        title="Stamps"
        asked={stampsAsked}
        figure={stamps.length}
        tone={unwell > 0 ? 'failed' : 'healthy'}
        note={unwell > 0 ? `${unwell} unwell` : 'all well'}
      />
      <Figure
        title="Tenants"
        asked={regionsAsked}
        figure={sum((r) => r.tenants)}
        tone={pending > 0 ? 'pending' : 'placed'}
        note={
          pending > 0 ? (
            <Link from="/" to="/" search={(before) => ({ ...before, status: 'pending' })} resetScroll={false} className="linklike">
              {pending} {pending === 1 ? 'waits' : 'wait'} for room
            </Link>
          ) : (
            'all placed'
          )
        }
      />
      <Figure
        title="Units taken"
        asked={regionsAsked}
        figure={taken}
        tone="none"
        note={`of ${capacity.toLocaleString('en')}${capacity > 0 ? ` (${Math.round((100 * taken) / capacity)} %)` : ''}`}
      />
    </SimpleGrid>
  );
};

interface Asked {
  readonly data: unknown;
  readonly isError: boolean;
}

interface FigureProps {
  readonly title: string;
  readonly asked: Asked;
  readonly figure: number;
  readonly note: ReactNode;
  readonly tone: string;
}

/** Before there is an answer it says nothing of the fleet: "0, all well" would be false. */
const Figure = ({ title, asked, figure, note, tone }: FigureProps): ReactNode => (
  <Paper withBorder px="md" py="sm">
    <Text size="sm" c="dimmed">
      {title}
    </Text>
    <Group gap="sm" align="baseline">
      <Text fz={26} fw={650} lh={1.2} className="numeric">
        {asked.data === undefined ? '–' : figure.toLocaleString('en')}
      </Text>
      <Text size="sm" component="span">
        {asked.data === undefined ? <NotKnown isError={asked.isError} /> : tone === 'none' ? note : <Status value={tone}>{note}</Status>}
      </Text>
    </Group>
  </Paper>
);

const NotKnown = ({ isError }: { isError: boolean }): ReactNode => (
  <Text span inherit c="dimmed">
    {isError ? 'not known: no answer' : 'loading'}
  </Text>
);
