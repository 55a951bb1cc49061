import { Button, Group, NativeSelect, Pagination, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { tenantsMax, tenantsQuery } from '../api/queries.js';
import { useLive } from '../live/use-live.js';
import { FindField } from '../shell/find-field.js';
import { PageShell } from '../shell/page-shell.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { AddNameModal } from './add-name-modal.js';
import { nameKinds, nameRows, selectNames, type NameRow } from './name-rows.js';
import type { NameSearch } from './name-search.js';
import { NamesTable } from './names-table.js';
import { RemoveNameModal } from './remove-name-modal.js';

const pageRows = 50;
const labels = { default: 'default ones', given: 'of their own', lost: 'lost to another tenant' } as const;

/** Which host names lead to which tenant, and which were given out by two regions while they did not hear each other (design §4.3). */
export const NamesPage = (): ReactNode => {
  const live = useLive();
  const search = useSearch({ from: '/names' });
  const navigate = useNavigate({ from: '/names' });
  const show = (change: Partial<NameSearch>): void =>
    void navigate({ search: (before) => ({ ...before, page: undefined, ...change }), replace: true, resetScroll: false });
  const [open, setOpen] = useState<'add' | NameRow | null>(null);
  const close = (): void => setOpen(null);
  return (
    <PageShell live={live}>
      <Panel
        title="Host names"
        command="stampctl tenants ls -o wide"
        actions={
          <Button size="xs" onClick={() => setOpen('add')}>
            Add a name
          </Button>
        }
      >
        <Filters search={search} show={show} />
        <Loaded query={useQuery(tenantsQuery)} rows={8}>
          {({ items, truncated }) => <Names rows={nameRows(items)} truncated={truncated} search={search} show={show} remove={setOpen} />}
        </Loaded>
      </Panel>
      {open === 'add' && <AddNameModal close={close} />}
      {open !== null && open !== 'add' && <RemoveNameModal row={open} close={close} />}
    </PageShell>
  );
};

interface NamesProps {
  readonly rows: readonly NameRow[];
  readonly truncated: boolean;
  readonly search: NameSearch;
  readonly show: (change: Partial<NameSearch>) => void;
  readonly remove: (row: NameRow) => void;
}

const Names = ({ rows, truncated, search, show, remove }: NamesProps): ReactNode => {
  if (rows.length === 0)
    return <Empty command="stampctl tenants create acme --region eu">No tenant yet, so no name leads anywhere. To create one:</Empty>;
  const found = selectNames(rows, search);
  const pages = Math.max(1, Math.ceil(found.length / pageRows));
  const page = Math.min(search.page ?? 1, pages);
  return (
    <>
      {found.length === 0 ? (
        <Text c="dimmed">No name matches.</Text>
      ) : (
        <NamesTable rows={found.slice((page - 1) * pageRows, page * pageRows)} remove={remove} />
      )}
      <Group justify="space-between" mt="sm">
        <Text size="sm" c="dimmed" role="status">
          {found.length.toLocaleString('en')} of {rows.length.toLocaleString('en')} names
          {truncated ? `, those of the first ${tenantsMax.toLocaleString('en')} tenants; stampctl lists all` : ''}
        </Text>
        {pages > 1 && (
          <Pagination
            total={pages}
            value={page}
            size="sm"
            onChange={(next) => show({ page: next === 1 ? undefined : next })}
            getItemProps={(n) => ({ 'aria-label': `Page ${n}` })}
            getControlProps={(control) => ({ 'aria-label': `${control} page` })}
          />
        )}
      </Group>
    </>
  );
};

const Filters = ({ search, show }: Pick<NamesProps, 'search' | 'show'>): ReactNode => (
  <Group gap="sm" mb="sm" align="flex-end">
    <FindField placeholder="name or tenant" value={search.q} find={(q) => show({ q })} />
    <NativeSelect
      label="Which"
      value={search.kind ?? ''}
      onChange={(event) => show({ kind: nameKinds.find((kind) => kind === event.currentTarget.value) })}
      data={[{ value: '', label: 'all' }, ...nameKinds.map((kind) => ({ value: kind, label: labels[kind] }))]}
    />
  </Group>
);
