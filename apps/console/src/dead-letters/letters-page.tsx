import { Group, NativeSelect, Stack, Table, Text } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { eventDeadLetterStates, type EventDeadLetterView } from '@lapidary/contracts/api/replication';
import { lettersQuery } from '../api/ledger-queries.js';
import { regionsQuery, sessionQuery } from '../api/queries.js';
import { useLedgerNotes } from '../api/region-notes.js';
import { useLive } from '../live/use-live.js';
import { HeadedTable } from '../shell/headed-table.js';
import { OlderOnes } from '../shell/older-ones.js';
import { PageShell } from '../shell/page-shell.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { RegionChoice } from '../shell/region-choice.js';
import { regionOption } from '../shell/region-option.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';
import { LetterDrawer } from './letter-drawer.js';
import type { LetterSearch } from './letter-search.js';

/** Events of other regions that could not be applied here: each waits for a person, and its subject with it. */
export const LettersPage = (): ReactNode => {
  const live = useLive();
  const search = useSearch({ from: '/dead-letters' });
  const navigate = useNavigate({ from: '/dead-letters' });
  const show = (change: Partial<LetterSearch>): void =>
    void navigate({ search: (before) => ({ ...before, ...change }), resetScroll: false });
  const { region, state, origin } = search;
  const here = useQuery(sessionQuery).data?.region;
  const command = commandOf(search, region ?? here);
  const letters = useInfiniteQuery(lettersQuery({ region, state, origin }));
  const query = { ...letters, data: letters.data?.pages.flatMap((page) => page.items) };
  return (
    <PageShell live={live}>
      <Stack>
        <RegionChoice region={region} choose={(name) => show({ region: name, letter: undefined })} notes={useLedgerNotes('deadLetters')} />
        <Panel title="Dead letters" command={command} actions={<Filters search={search} show={show} />}>
          <Loaded query={query}>
            {(items) =>
              items.length === 0 ? (
                <Empty command={command}>No event is {state ?? 'open'}: what other regions told was applied. To look again:</Empty>
              ) : (
                <Stack gap="sm">
                  <LettersTable letters={items} />
                  <OlderOnes query={letters} />
                </Stack>
              )
            }
          </Loaded>
        </Panel>
      </Stack>
      {search.letter !== undefined && <LetterDrawer id={search.letter} close={() => show({ letter: undefined })} />}
    </PageShell>
  );
};

/** It asks all regions where none is named; the page shows one. */
const commandOf = ({ state, origin }: LetterSearch, region: string | undefined): string =>
  `stampctl dlq ls${state === undefined ? '' : ` --state ${state}`}${origin === undefined ? '' : ` --origin ${origin}`}${regionOption(region)}`;

const anyRegion = 'every region';

const Filters = ({ search, show }: { search: LetterSearch; show: (change: Partial<LetterSearch>) => void }): ReactNode => {
  const regions = (useQuery(regionsQuery).data ?? [])
    .filter((r) => (search.region === undefined ? !r.local : r.name !== search.region))
    .map((r) => r.name);
  return (
    <Group gap="sm">
      <NativeSelect
        size="xs"
        aria-label="State"
        value={search.state ?? 'open'}
        data={[...eventDeadLetterStates]}
        onChange={(event) => {
          const chosen = eventDeadLetterStates.find((state) => state === event.currentTarget.value);
          show({ state: chosen === 'open' ? undefined : chosen });
        }}
      />
      <NativeSelect
        size="xs"
        aria-label="From"
        value={search.origin ?? anyRegion}
        data={[anyRegion, ...new Set([...regions, ...(search.origin === undefined ? [] : [search.origin])])]}
        onChange={(event) => show({ origin: event.currentTarget.value === anyRegion ? undefined : event.currentTarget.value })}
      />
    </Group>
  );
};

const LettersTable = ({ letters }: { letters: readonly EventDeadLetterView[] }): ReactNode => (
  <HeadedTable label="Dead letters" head={['Subject', 'State', 'From', 'Why', 'Parked']}>
    {letters.map((letter) => (
      <Table.Tr key={letter.id} data-testid={`letter-${letter.id}`}>
        <Table.Th scope="row" fw={400} style={{ minWidth: 160, overflowWrap: 'anywhere' }}>
          <Link from="/dead-letters" to="/dead-letters" search={(before) => ({ ...before, letter: letter.id })} className="linklike">
            {letter.subject}
          </Link>
          <Text size="xs" c="dimmed" className="mono">
            {letter.type}
          </Text>
        </Table.Th>
        <Table.Td>
          <Status value={letter.state === 'open' ? 'dead' : letter.state}>{letter.state}</Status>
        </Table.Td>
        <Table.Td className="numeric">
          {letter.origin}, {letter.sequence.toLocaleString('en')}
        </Table.Td>
        <Table.Td style={{ minWidth: 220, overflowWrap: 'anywhere' }}>
          <Text size="sm" lineClamp={3}>
            {letter.error}
          </Text>
        </Table.Td>
        <Table.Td className="numeric">
          <TimeAgo at={letter.parkedAt} />
        </Table.Td>
      </Table.Tr>
    ))}
  </HeadedTable>
);
