import { Grid, Skeleton, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, type ReactNode } from 'react';
import type { RegionView } from '@lapidary/contracts/api/regions';
import { regionsQuery } from '../api/queries.js';
import { figures, HeadedTable } from '../shell/headed-table.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';
import { CapacityBar } from './capacity-bar.js';

const WorldMap = lazy(async () => ({ default: (await import('./world-map.js')).WorldMap }));

export const RegionsPanel = (): ReactNode => {
  const query = useQuery(regionsQuery);
  return (
    <Panel title="Regions" command="stampctl regions ls">
      <Loaded query={query}>
        {(regions) =>
          regions.length === 0 ? (
            <Empty command="cat stamps/regions.yaml">No region is known yet.</Empty>
          ) : (
            <Grid gap="lg" align="center">
              <Grid.Col span={{ base: 12, md: 5 }}>
                <Suspense fallback={<Skeleton height={180} />}>
                  <WorldMap regions={regions} />
                </Suspense>
              </Grid.Col>
              <Grid.Col span={{ base: 12, md: 7 }}>
                <RegionsTable regions={regions} />
              </Grid.Col>
            </Grid>
          )
        }
      </Loaded>
    </Panel>
  );
};

const RegionsTable = ({ regions }: { regions: readonly RegionView[] }): ReactNode => (
  <HeadedTable label="Regions" head={['Region', 'Link', 'Units taken', figures('Stamps'), figures('Tenants'), figures('Pending')]}>
    {regions.map((region) => (
      <Table.Tr key={region.name}>
        <Table.Th scope="row" fw={400}>
          <Text fw={600} component="span">
            {region.name}
          </Text>
          <Text size="xs" c="dimmed">
            {region.displayName}
          </Text>
        </Table.Th>
        <Table.Td>
          <LinkState region={region} />
        </Table.Td>
        <Table.Td>
          <CapacityBar label={region.name} taken={region.used.units} capacity={region.capacity.units} />
        </Table.Td>
        <Table.Td ta="right" className="numeric">
          {region.stamps}
        </Table.Td>
        <Table.Td ta="right" className="numeric">
          {region.tenants}
        </Table.Td>
        <Table.Td ta="right" className="numeric">
          {region.pending > 0 ? <Status value="pending">{region.pending}</Status> : 0}
        </Table.Td>
      </Table.Tr>
    ))}
  </HeadedTable>
);

const LinkState = ({ region: { link, givenUp } }: { region: RegionView }): ReactNode => {
  if (givenUp)
    return (
      <>
        <Status value={givenUp.state === 'inherited' ? 'retired' : 'pending'}>
          {givenUp.state === 'inherited' ? 'given up' : 'being given up'}
        </Status>
        <Text size="xs" c="dimmed">
          {givenUp.state === 'inherited' ? `${givenUp.successor} has its tenants` : `waits for ${givenUp.waitingFor.join(', ')}`}
        </Text>
      </>
    );
  if (link.state === 'self') return <Status value="self">answers here</Status>;
  return (
    <>
      <Status value={link.state}>{link.state === 'cut' ? 'cut off' : 'linked'}</Status>
      <Text size="xs" c="dimmed" className="numeric">
        {link.state === 'cut' ? <TimeAgo at={link.cutSince} /> : link.lagMs === null ? 'no event yet' : `${link.lagMs} ms behind`}
      </Text>
    </>
  );
};
