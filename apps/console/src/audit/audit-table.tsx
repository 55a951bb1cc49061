import { Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { AuditEntry } from '@lapidary/contracts/api/system';
import { ExactTime } from '../shell/exact-time.js';
import { HeadedTable } from '../shell/headed-table.js';

/** A row per change; a subject shows its whole history. */
export const AuditTable = ({ entries }: { entries: readonly AuditEntry[] }): ReactNode => (
  <HeadedTable label="Audit" head={['When', 'Who', 'What', 'Subject', 'Why']}>
    {entries.map((entry) => (
      <Table.Tr key={entry.id} data-testid={`entry-${entry.id}`} style={{ verticalAlign: 'top' }}>
        <Table.Th scope="row" fw={400} className="numeric">
          <Link from="/audit" to="/audit" search={(before) => ({ ...before, entry: entry.id })} className="linklike" resetScroll={false}>
            <ExactTime at={entry.at} />
          </Link>
        </Table.Th>
        <Table.Td style={{ minWidth: 120, overflowWrap: 'anywhere' }}>
          <Link from="/audit" to="/audit" search={(before) => ({ ...before, actor: entry.actor })} className="linklike">
            {entry.actor}
          </Link>
        </Table.Td>
        <Table.Td className="numeric">
          <Link from="/audit" to="/audit" search={(before) => ({ ...before, action: entry.action })} className="linklike">
            {entry.action}
          </Link>
        </Table.Td>
        <Table.Td style={{ minWidth: 140, overflowWrap: 'anywhere' }}>
          <Link from="/audit" to="/audit" search={({ region }) => ({ region, subject: entry.subject })} className="linklike">
            {entry.subject}
          </Link>
        </Table.Td>
        <Table.Td style={{ minWidth: 160, overflowWrap: 'anywhere' }}>
          {entry.reason === null ? (
            <Text size="sm" c="dimmed" component="span">
              –
            </Text>
          ) : (
            entry.reason
          )}
        </Table.Td>
      </Table.Tr>
    ))}
  </HeadedTable>
);
