import { Button, Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { HeadedTable } from '../shell/headed-table.js';
import { Status } from '../shell/status.js';
import type { NameRow } from './name-rows.js';

export const NamesTable = ({ rows, remove }: { rows: readonly NameRow[]; remove: (row: NameRow) => void }): ReactNode => (
  <HeadedTable
    label="Host names"
    head={['Name', 'Given to', 'Home region', 'Leads there', { children: <span className="quiet">Actions</span> }]}
    highlightOnHover
  >
    {rows.map((row) => (
      <Table.Tr key={`${row.host} ${row.tenant.id}`} data-testid={`name-${row.host}-${row.tenant.id}`}>
        <Table.Th scope="row" fw={400} style={{ minWidth: 160, overflowWrap: 'anywhere' }}>
          <Link to="/route" search={{ host: row.host }} className="linklike" title="What a router does with it">
            {row.host}
          </Link>
        </Table.Th>
        <Table.Td style={{ overflowWrap: 'anywhere' }}>
          <Link to="/" search={{ tenant: row.tenant.id }} className="linklike">
            {row.tenant.id}
          </Link>
        </Table.Td>
        <Table.Td>{row.tenant.region}</Table.Td>
        <Table.Td>
          <LeadsTo row={row} />
        </Table.Td>
        <Table.Td>
          {row.kind === 'default' ? (
            <Text size="xs" c="dimmed">
              by its id
            </Text>
          ) : (
            <Button size="compact-xs" variant="default" aria-label={`Remove ${row.host} from ${row.tenant.id}`} onClick={() => remove(row)}>
              Remove
            </Button>
          )}
        </Table.Td>
      </Table.Tr>
    ))}
  </HeadedTable>
);

/** Routers refuse what is for a tenant that is on no stamp. */
const LeadsTo = ({ row: { kind, leadsTo, tenant } }: { row: NameRow }): ReactNode =>
  kind !== 'lost' && tenant.status !== 'placed' ? (
    <Status value={tenant.status}>not while it is {tenant.status}</Status>
  ) : kind === 'lost' ? (
    <Status value="lost">
      {leadsTo === null ? 'no: another region gave it out first' : `no, to ${leadsTo}, which was given it first`}
    </Status>
  ) : (
    <Status value="given">yes</Status>
  );
