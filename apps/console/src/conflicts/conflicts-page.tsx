import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { conflictCountsQuery, conflictsQuery } from '../api/ledger-queries.js';
import { useLedgerNotes } from '../api/region-notes.js';
import { useLive } from '../live/use-live.js';
import { CopyCommand } from '../shell/copy-command.js';
import { OlderOnes } from '../shell/older-ones.js';
import { PageShell } from '../shell/page-shell.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { RegionChoice } from '../shell/region-choice.js';
import { regionOption } from '../shell/region-option.js';
import { ConflictCounters } from './conflict-counters.js';
import { ConflictDrawer } from './conflict-drawer.js';
import type { ConflictSearch } from './conflict-search.js';
import { ConflictsTable } from './conflicts-table.js';

/** The ledger of this region: every value that lost where two regions wrote the same (design §4.4). */
export const ConflictsPage = (): ReactNode => {
  const live = useLive();
  const search = useSearch({ from: '/conflicts' });
  const navigate = useNavigate({ from: '/conflicts' });
  const show = (change: Partial<ConflictSearch>): void =>
    void navigate({ search: (before) => ({ ...before, ...change }), resetScroll: false });
  const { region, collection, tenant } = search;
  const ledger = useInfiniteQuery(conflictsQuery({ region, collection, tenant }));
  const query = { ...ledger, data: ledger.data?.pages.flatMap((page) => page.items) };
  return (
    <PageShell live={live}>
      <Stack>
        <RegionChoice region={region} choose={(name) => show({ region: name, conflict: undefined })} notes={useLedgerNotes('conflicts')} />
        <Panel title="Conflicts by collection" command={`stampctl conflicts counts${regionOption(region)}`}>
          <Loaded query={useQuery(conflictCountsQuery(region))} rows={2}>
            {(counts) => <ConflictCounters counts={counts} chosen={collection} choose={(name) => show({ collection: name })} />}
          </Loaded>
        </Panel>
        <Panel title="Ledger" command={commandOf('ls', search)} actions={<Filter search={search} show={show} />}>
          <Loaded query={query}>
            {(items) =>
              items.length === 0 ? (
                <Empty command={commandOf('ls', search)}>Nothing was lost here: no two regions wrote the same. To look again:</Empty>
              ) : (
                <Stack gap="sm">
                  <ConflictsTable conflicts={items} />
                  <OlderOnes query={ledger} />
                  <CopyCommand command={commandOf('export', search)} />
                </Stack>
              )
            }
          </Loaded>
        </Panel>
      </Stack>
      {search.conflict !== undefined && <ConflictDrawer id={search.conflict} region={region} close={() => show({ conflict: undefined })} />}
    </PageShell>
  );
};

/** Exports are made by the command line: it goes through all pages and writes CSV. */
const commandOf = (verb: 'ls' | 'export', { region, collection, tenant }: ConflictSearch): string =>
  `stampctl conflicts ${verb}${collection === undefined ? '' : ` --collection ${collection}`}${tenant === undefined ? '' : ` --tenant ${tenant}`}${regionOption(region)}` +
  (verb === 'export' ? ' --format csv' : '');

const Filter = ({ search, show }: { search: ConflictSearch; show: (change: Partial<ConflictSearch>) => void }): ReactNode => {
  const [tenant, setTenant] = useState(search.tenant ?? '');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        show({ tenant: tenant.trim() || undefined });
      }}
    >
      <Group gap="xs">
        <TextInput
          size="xs"
          aria-label="Tenant"
          placeholder="tenant"
          value={tenant}
          onChange={(event) => setTenant(event.currentTarget.value)}
        />
        <Button size="xs" variant="default" type="submit">
          Filter
        </Button>
        {(search.collection !== undefined || search.tenant !== undefined) && (
          <Button
            size="xs"
            variant="subtle"
            onClick={() => {
              setTenant('');
              show({ collection: undefined, tenant: undefined });
            }}
          >
            Show all
          </Button>
        )}
      </Group>
    </form>
  );
};
