import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { auditQuery } from '../api/audit-queries.js';
import { useLive } from '../live/use-live.js';
import { OlderOnes } from '../shell/older-ones.js';
import { PageShell } from '../shell/page-shell.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { AuditTable } from './audit-table.js';
import { EntryDrawer } from './entry-drawer.js';
import { ChainPanel } from './chain-panel.js';
import type { AuditSearch } from './audit-search.js';

/** Who changed what in the region that is asked, the newest first (I10), and whether anybody has changed that since. */
export const AuditPage = (): ReactNode => {
  const live = useLive();
  const search = useSearch({ from: '/audit' });
  const navigate = useNavigate({ from: '/audit' });
  const show = (change: Partial<AuditSearch>): void =>
    void navigate({ search: (before) => ({ ...before, ...change }), resetScroll: false });
  const { subject, entry } = search;
  const audit = useInfiniteQuery(auditQuery({ subject }));
  const query = { ...audit, data: audit.data?.pages.flatMap((page) => page.items) };
  return (
    <PageShell live={live}>
      <Stack>
        <ChainPanel />
        <Panel title="Audit" command={commandOf(subject)} actions={<Filter key={subject} subject={subject} show={show} />}>
          <Loaded query={query} rows={8}>
            {(entries) =>
              entries.length === 0 ? (
                <Empty command={commandOf(undefined)}>
                  {subject === undefined ? 'Nothing was changed yet.' : `Nobody changed ${subject}, as it is written here.`} Every command
                  leaves a row:
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

const commandOf = (subject: string | undefined): string => `stampctl audit ls${subject === undefined ? '' : ` --subject ${subject}`}`;

const Filter = ({ subject, show }: { subject: string | undefined; show: (change: Partial<AuditSearch>) => void }): ReactNode => {
  const [text, setText] = useState(subject ?? '');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        show({ subject: text.trim() || undefined });
      }}
    >
      <Group gap="xs">
        <TextInput
          size="xs"
          aria-label="Subject"
          placeholder="subject, like tenant/acme"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button size="xs" variant="default" type="submit">
          Filter
        </Button>
        {subject !== undefined && (
          <Button size="xs" variant="subtle" onClick={() => show({ subject: undefined })}>
            Show all
          </Button>
        )}
      </Group>
    </form>
  );
};
