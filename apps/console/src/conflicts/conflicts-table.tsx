import { Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ConflictView } from '@lapidary/contracts/api/replication';
import { valueText } from '../drift/value-text.js';
import { HeadedTable } from '../shell/headed-table.js';
import { TimeAgo } from '../shell/time-ago.js';
import { sideOf } from './conflict-side.js';

export const ConflictsTable = ({ conflicts }: { conflicts: readonly ConflictView[] }): ReactNode => (
  <HeadedTable label="Conflicts" head={['Subject', 'Lost', 'Stands', 'By', 'Found']}>
    {conflicts.map((conflict) => (
      <Table.Tr key={conflict.id} data-testid={`conflict-${conflict.id}`}>
        <Table.Th scope="row" fw={400} style={{ minWidth: 160, overflowWrap: 'anywhere' }}>
          <Link from="/conflicts" to="/conflicts" search={(before) => ({ ...before, conflict: conflict.id })} className="linklike">
            {conflict.subject}
          </Link>
          {conflict.field !== null && (
            <Text size="xs" c="dimmed">
              {conflict.field}
            </Text>
          )}
        </Table.Th>
        <Side side={conflict.loser} />
        <Side side={conflict.winner} />
        <Table.Td>{conflict.policy}</Table.Td>
        <Table.Td className="numeric">
          <TimeAgo at={conflict.detectedAt} />
        </Table.Td>
      </Table.Tr>
    ))}
  </HeadedTable>
);

const Side = ({ side }: { side: unknown }): ReactNode => {
  const { region, value } = sideOf(side);
  return (
    <Table.Td style={{ minWidth: 140, overflowWrap: 'anywhere' }}>
      <Text size="sm" className="mono" lineClamp={2}>
        {valueText(value)}
      </Text>
      {region !== null && (
        <Text size="xs" c="dimmed">
          from {region}
        </Text>
      )}
    </Table.Td>
  );
};
