import { Stack, Table, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { RouteExplanation } from '@lapidary/contracts/api/routing';
import { Fact } from '../shell/fact.js';
import { HeadedTable } from '../shell/headed-table.js';
import { Status } from '../shell/status.js';
import { ago } from '../shell/time-ago.js';

/** What comes out first, then each step that led there, then how fresh the router's table is. */
export const RouteAnswer = ({ route }: { route: RouteExplanation }): ReactNode => (
  <Stack data-testid="route">
    <Title order={3} size="h5" style={{ overflowWrap: 'anywhere' }}>
      <Status value={route.action === 'forward' ? 'pass' : 'fail'}>{route.action}</Status>{' '}
      {route.action === 'forward' ? `to ${route.stamp ?? '?'}` : `with ${route.status ?? '?'} ${route.code ?? ''}`}
    </Title>
    <dl className="facts">
      {route.tenant !== null && (
        <Fact name="tenant">
          <Link to="/" search={{ tenant: route.tenant }} className="linklike">
            {route.tenant}
          </Link>
          {route.epoch !== null && `, epoch ${route.epoch}`}
        </Fact>
      )}
      {route.upstream !== null && <Fact name="front door">{route.upstream}</Fact>}
      <Fact name="router">
        {route.router} in {route.region}
      </Fact>
      <Fact name="its table">
        {route.directory.source === 'live' ? 'live' : <span className="passing">from its copy on disk</span>},{' '}
        {route.directory.entries.toLocaleString('en')} entries at cursor {route.directory.cursor.toLocaleString('en')}, control plane heard{' '}
        {ago(route.directory.ageMs)}
        {route.directory.lagMs >= noticeableMs && `, ${Math.round(route.directory.lagMs / 1_000).toLocaleString('en')} s behind`}
      </Fact>
    </dl>
    <HeadedTable label="Steps of the router" head={['', 'Step', 'Why']}>
      {route.steps.map((step) => (
        <Table.Tr key={step.step}>
          <Table.Td w={20} className={step.ok ? 'good' : 'bad'}>
            <span role="img" aria-label={step.ok ? 'passed' : 'refused'}>
              {step.ok ? '✓' : '✗'}
            </span>
          </Table.Td>
          <Table.Th scope="row" fw={500}>
            {step.step}
          </Table.Th>
          <Table.Td style={{ overflowWrap: 'anywhere' }}>
            <Text size="sm">{step.reason}</Text>
          </Table.Td>
        </Table.Tr>
      ))}
    </HeadedTable>
  </Stack>
);

/** A change is there within milliseconds of its commit; less than this is nobody's trouble. */
const noticeableMs = 1_000;
