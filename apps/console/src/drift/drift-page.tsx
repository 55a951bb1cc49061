import { NativeSelect, SegmentedControl, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { driftKinds } from '@lapidary/contracts/drift-kinds';
import { findingsQuery, sessionQuery } from '../api/queries.js';
import { useDriftNotes } from '../api/region-notes.js';
import { useLive } from '../live/use-live.js';
import { PageShell } from '../shell/page-shell.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { RegionChoice } from '../shell/region-choice.js';
import { daysDefault, type DriftSearch } from './drift-search.js';
import { regionOption } from '../shell/region-option.js';
import { DriftStatusPanel } from './drift-status-panel.js';
import { DriftTrendPanel } from './drift-trend-panel.js';
import { FindingDrawer } from './finding-drawer.js';
import { FindingsTable } from './findings-table.js';

/** What differs from what should be, in the region that is asked: each region keeps its own findings. */
export const DriftPage = (): ReactNode => {
  const live = useLive();
  const search = useSearch({ from: '/drift' });
  const navigate = useNavigate({ from: '/drift' });
  const show = (change: Partial<DriftSearch>): void =>
    void navigate({ search: (before) => ({ ...before, ...change }), resetScroll: false });
  const here = useQuery(sessionQuery).data?.region;
  const findings = useQuery(findingsQuery({ region: search.region, state: search.state, kind: search.kind }));
  return (
    <PageShell live={live}>
      <Stack>
        <RegionChoice region={search.region} choose={(region) => show({ region, finding: undefined })} notes={useDriftNotes()} />
        <DriftStatusPanel region={search.region} />
        <Panel title="Findings" command={commandOf(search, search.region ?? here)} actions={<Filters search={search} show={show} />}>
          <Loaded query={findings}>
            {({ items, isCut }) =>
              items.length === 0 ? (
                <Empty command={`stampctl drift run${regionOption(search.region)}`}>
                  No findings of this kind{search.region === undefined ? ' here' : ` in ${search.region}`}. To look now:
                </Empty>
              ) : (
                <>
                  {isCut && (
                    <Text size="sm" className="bad" role="status">
                      There are more than these: shown are the critical ones and the newest of the others.
                    </Text>
                  )}
                  <FindingsTable findings={items} />
                </>
              )
            }
          </Loaded>
        </Panel>
        <DriftTrendPanel
          region={search.region}
          days={search.days}
          show={(days) => show({ days: days === daysDefault ? undefined : days })}
        />
      </Stack>
      {search.finding !== undefined && <FindingDrawer id={search.finding} close={() => show({ finding: undefined })} />}
    </PageShell>
  );
};

/** Without a region the command lists those of all. */
const commandOf = ({ state, kind }: DriftSearch, region: string | undefined): string =>
  `stampctl drift ls${regionOption(region)}${state === undefined ? '' : ` --state ${state}`}${kind === undefined ? '' : ` --kind ${kind}`}`;

const states = ['open', 'suppressed', 'resolved', 'all'] as const;
const everyKind = 'every sensor';

const Filters = ({ search, show }: { search: DriftSearch; show: (change: Partial<DriftSearch>) => void }): ReactNode => (
  <Group gap="sm">
    <SegmentedControl
      size="xs"
      aria-label="Which findings"
      value={search.state ?? 'open'}
      data={[...states]}
      onChange={(value) => show({ state: value === 'open' ? undefined : states.find((s) => s === value) })}
    />
    <NativeSelect
      size="xs"
      aria-label="Found by"
      value={search.kind ?? everyKind}
      data={[everyKind, ...driftKinds]}
      onChange={(event) => {
        const chosen = event.currentTarget.value;
        show({ kind: driftKinds.find((kind) => kind === chosen) });
      }}
    />
  </Group>
);
