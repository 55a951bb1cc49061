import { Stack } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { auditQuery } from '../api/audit-queries.js';
import { sessionQuery } from '../api/queries.js';
import { useLive } from '../live/use-live.js';
import { OlderOnes } from '../shell/older-ones.js';
import { PageShell } from '../shell/page-shell.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { plainOrQuoted } from '../shell/quoted.js';
import { RegionChoice } from '../shell/region-choice.js';
import { regionOption } from '../shell/region-option.js';
import { AuditTable } from './audit-table.js';
import { EntryDrawer } from './entry-drawer.js';
import { ChainPanel } from './chain-panel.js';
import { AuditFilters } from './audit-filters.js';
import { auditWindows, type AuditSearch } from './audit-search.js';

/** Who changed what in a region, the newest first (I10), and whether anybody has changed that since: each keeps its own. */
export const AuditPage = (): ReactNode => {
  const live = useLive();
  const search = useSearch({ from: '/audit' });
  const navigate = useNavigate({ from: '/audit' });
  const show = (change: Partial<AuditSearch>): void =>
    void navigate({ search: (before) => ({ ...before, ...change }), resetScroll: false });
  const { region, subject, actor, action, since, entry } = search;
  const here = useQuery(sessionQuery).data?.region;
  const isAll = [subject, actor, action, since].every((part) => part === undefined);
  const sinceHours = since && auditWindows[since];
  const audit = useInfiniteQuery(auditQuery({ region, subject, actor, action, sinceHours }));
  const query = { ...audit, data: audit.data?.pages.flatMap((page) => page.items) };
  return (
    <PageShell live={live}>
      <Stack>
        <RegionChoice region={region} choose={(name) => show({ region: name, entry: undefined })} />
        <ChainPanel key={region} region={region} />
        <Panel title="Audit" command={commandOf(search, region ?? here)}>
          <AuditFilters key={`${subject} ${actor} ${action}`} search={search} isAll={isAll} show={show} />
          <Loaded query={query} rows={8}>
            {(entries) =>
              entries.length === 0 ? (
                <Empty command={`stampctl audit ls${regionOption(region ?? here)}`}>
                  {isAll ? 'Nothing was changed yet.' : `Nothing like that is written in ${region ?? 'this region'}.`} To see all of it:
                </Empty>
              ) : (
                <Stack gap="sm">
                  <AuditTable entries={entries} />
                  <OlderOnes query={audit} />
                </Stack>
              )
            }
          </Loaded>
        </Panel>
      </Stack>
      {entry !== undefined && (
        <EntryDrawer id={entry} entry={query.data?.find((e) => e.id === entry)} close={() => show({ entry: undefined })} />
      )}
    </PageShell>
  );
};

/** It asks all regions where none is named; the page shows one. */
const commandOf = ({ subject, actor, action, since }: AuditSearch, region: string | undefined): string =>
  [
    'stampctl audit ls',
    ...Object.entries({ subject, actor, action, since }).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name} ${plainOrQuoted(value)}`],
    ),
  ].join(' ') + regionOption(region);
