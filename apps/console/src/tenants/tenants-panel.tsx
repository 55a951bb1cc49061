import { Group, NativeSelect, Pagination, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { tenantStatuses, type TenantView } from '@lapidary/contracts/api/tenants';
import { tenantsMax, tenantsQuery, type TenantList } from '../api/queries.js';
import type { FleetSearch } from '../fleet/fleet-search.js';
import { FindField } from '../shell/find-field.js';
import { figures, HeadedTable } from '../shell/headed-table.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';
import { commandFor, selectTenants } from './select-tenants.js';

const pageRows = 25;

export const TenantsPanel = ({ search }: { search: FleetSearch }): ReactNode => {
  const filter = { q: search.q ?? '', status: search.status, region: search.region };
  return (
    <Panel title="Tenants" command={commandFor(filter)}>
      <Filters search={search} />
      <Loaded query={useQuery(tenantsQuery)}>
        {(list) => <TenantsPage list={list} found={selectTenants(list.items, filter)} search={search} />}
      </Loaded>
    </Panel>
  );
};

const Filters = ({ search }: { search: FleetSearch }): ReactNode => {
  const navigate = useNavigate({ from: '/' });
  const set = (change: Partial<FleetSearch>): void =>
    void navigate({ search: (before) => ({ ...before, ...change, page: undefined }), replace: true, resetScroll: false });
  return (
    <Group gap="sm" mb="sm" align="flex-end">
      <FindField placeholder="id, stamp, host or label" value={search.q} find={(q) => set({ q })} />
      <NativeSelect
        label="Status"
        value={search.status ?? ''}
        onChange={(event) => set({ status: tenantStatuses.find((s) => s === event.currentTarget.value) })}
        data={[{ value: '', label: 'all but deleted' }, ...tenantStatuses]}
      />
    </Group>
  );
};

const TenantsPage = ({ list, found, search }: { list: TenantList; found: readonly TenantView[]; search: FleetSearch }): ReactNode => {
  const navigate = useNavigate({ from: '/' });
  if (list.items.length === 0)
    return <Empty command="stampctl tenants create acme --region eu">No tenant yet. Create one and see where it is placed:</Empty>;
  const pages = Math.max(1, Math.ceil(found.length / pageRows));
  const page = Math.min(search.page ?? 1, pages);
  return (
    <>
      {found.length === 0 ? (
        <Text c="dimmed">No tenant matches.</Text>
      ) : (
        <TenantsTable tenants={found.slice((page - 1) * pageRows, page * pageRows)} />
      )}
      <Group justify="space-between" mt="sm">
        <Text size="sm" c="dimmed" role="status">
          {found.length.toLocaleString('en')} of {list.items.length.toLocaleString('en')}
          {list.truncated ? `, the first ${tenantsMax.toLocaleString('en')} of more; stampctl lists all` : ''}
        </Text>
        {pages > 1 && (
          <Pagination
            total={pages}
            value={page}
            size="sm"
            onChange={(next) =>
              void navigate({ search: (before) => ({ ...before, page: next === 1 ? undefined : next }), resetScroll: false })
            }
            getItemProps={(n) => ({ 'aria-label': `Page ${n}` })}
            getControlProps={(control) => ({ 'aria-label': `${control} page` })}
          />
        )}
      </Group>
    </>
  );
};

const TenantsTable = ({ tenants }: { tenants: readonly TenantView[] }): ReactNode => (
  <HeadedTable
    label="Tenants"
    head={['Tenant', 'Status', 'Region', 'Stamp', figures('Epoch'), figures('Weight'), 'Tier', 'Created']}
    highlightOnHover
  >
    {tenants.map((tenant) => (
      <Table.Tr key={tenant.id}>
        <Table.Th scope="row" fw={400} className="numeric">
          <Link from="/" to="/" search={(before) => ({ ...before, tenant: tenant.id })} className="linklike" resetScroll={false}>
            {tenant.id}
          </Link>
        </Table.Th>
        <Table.Td>
          <Status value={tenant.status} />
          {tenant.statusReason !== null && (
            <Text size="xs" c="dimmed">
              {tenant.statusReason}
            </Text>
          )}
        </Table.Td>
        <Table.Td>{tenant.region}</Table.Td>
        <Table.Td className="numeric">{tenant.placement?.stamp ?? '–'}</Table.Td>
        <Table.Td ta="right" className="numeric">
          {tenant.placement?.epoch ?? '–'}
        </Table.Td>
        <Table.Td ta="right" className="numeric">
          {tenant.weight}
        </Table.Td>
        <Table.Td>{tenant.tier}</Table.Td>
        <Table.Td className="numeric">
          <TimeAgo at={tenant.createdAt} />
        </Table.Td>
      </Table.Tr>
    ))}
  </HeadedTable>
);
