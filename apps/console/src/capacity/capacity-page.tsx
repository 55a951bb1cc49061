import { SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { RegionView } from '@lapidary/contracts/api/regions';
import { outlookQuery } from '../api/capacity-queries.js';
import { regionsQuery, stampsQuery } from '../api/queries.js';
import { useLive } from '../live/use-live.js';
import { PageShell } from '../shell/page-shell.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { OutlookFacts } from './outlook-facts.js';
import { StampsOccupancy } from './stamps-occupancy.js';

/** How full every region is against what its policy allows, and what it would do about it. */
export const CapacityPage = (): ReactNode => {
  const live = useLive();
  return (
    <PageShell live={live}>
      <Loaded query={useQuery(regionsQuery)}>
        {(regions) => (
          <Stack>
            {regions.map((region) => (
              <RegionCapacity key={region.name} region={region} />
            ))}
          </Stack>
        )}
      </Loaded>
    </PageShell>
  );
};

const RegionCapacity = ({ region: { name, displayName } }: { region: RegionView }): ReactNode => {
  const stamps = useQuery(stampsQuery);
  const outlook = useQuery(outlookQuery(name));
  return (
    <Panel title={displayName} command={`stampctl capacity explain ${name}`}>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
        <Loaded query={stamps}>
          {(all) => {
            const here = all
              .filter((s) => s.region === name && s.status !== 'retired')
              .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
            if (here.length === 0) return <Empty command={`stampctl provision ${name}-1`}>No stamp here yet. A stamp holds tenants:</Empty>;
            const floor = outlook.data?.policy.mode === 'off' ? null : (outlook.data?.policy.headroomPercent ?? null);
            return <StampsOccupancy stamps={here} headroomPercent={floor} />;
          }}
        </Loaded>
        <Loaded query={outlook} rows={4}>
          {(known) => <OutlookFacts outlook={known} />}
        </Loaded>
      </SimpleGrid>
      {outlook.error !== null && stamps.data !== undefined && (
        <Text size="sm" c="dimmed">
          What its policy says is kept by region {name} itself.
        </Text>
      )}
    </Panel>
  );
};
