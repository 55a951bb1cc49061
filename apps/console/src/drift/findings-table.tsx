import { Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { FindingView } from '@lapidary/contracts/api/drift';
import { HeadedTable } from '../shell/headed-table.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';
import { valueText } from './value-text.js';

export const FindingsTable = ({ findings }: { findings: readonly FindingView[] }): ReactNode => (
  <HeadedTable label="Findings" head={['Subject', 'Severity', 'What differs', 'Since']}>
    {findings.map((finding) => (
      <Table.Tr key={finding.id} data-testid={`finding-${finding.id}`}>
        <Table.Th scope="row" fw={400} className="numeric">
          <Link from="/drift" to="/drift" search={(before) => ({ ...before, finding: finding.id })} className="linklike">
            {finding.subject}
          </Link>
        </Table.Th>
        <Table.Td>
          <Status value={finding.state === 'open' ? finding.severity : finding.state} />
          {finding.quarantinedAt !== null && (
            <Text size="xs" className="bad">
              quarantined
            </Text>
          )}
        </Table.Td>
        <Table.Td style={{ minWidth: 240, overflowWrap: 'anywhere' }}>
          <Text size="sm">
            {finding.kind}: {finding.path}
          </Text>
          <Text size="xs" c="dimmed" className="mono">
            {valueText(finding.expected)} → {valueText(finding.observed)}
          </Text>
        </Table.Td>
        <Table.Td className="numeric">
          <TimeAgo at={finding.firstSeen} />
        </Table.Td>
      </Table.Tr>
    ))}
  </HeadedTable>
);
