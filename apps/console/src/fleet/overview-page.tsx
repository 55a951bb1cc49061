import { Group, SegmentedControl, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { regionsQuery } from '../api/queries.js';
import { JobDrawer } from '../jobs/job-drawer.js';
import { JobsPanel } from '../jobs/jobs-panel.js';
import { useLive } from '../live/use-live.js';
import { PageShell } from '../shell/page-shell.js';
import { ExplainDrawer } from '../tenants/explain-drawer.js';
import { TenantsPanel } from '../tenants/tenants-panel.js';
import { IntentsPanel } from './intents-panel.js';
import { RegionsPanel } from './regions-panel.js';
import { StampsPanel } from './stamps-panel.js';
import { Summary } from './summary.js';

/** The fleet on one page: figures, regions, stamps, jobs, tenants; a job or a tenant opens beside it. */
export const OverviewPage = (): ReactNode => {
  const live = useLive();
  const search = useSearch({ from: '/' });
  const navigate = useNavigate({ from: '/' });
  const shut = (field: 'tenant' | 'job') => (): void =>
    void navigate({ search: (before) => ({ ...before, [field]: undefined }), resetScroll: false });
  return (
    <PageShell live={live}>
      <Stack>
        <Summary />
        <RegionsPanel />
        <IntentsPanel />
        <RegionFilter region={search.region} />
        <StampsPanel region={search.region} />
        <JobsPanel region={search.region} />
        <TenantsPanel search={search} />
      </Stack>
      {search.tenant !== undefined && <ExplainDrawer id={search.tenant} close={shut('tenant')} />}
      {search.job !== undefined && <JobDrawer id={search.job} close={shut('job')} />}
    </PageShell>
  );
};

const everywhere = 'all regions';

const RegionFilter = ({ region }: { region: string | undefined }): ReactNode => {
  const navigate = useNavigate({ from: '/' });
  const names = (useQuery(regionsQuery).data ?? []).map((r) => r.name);
  if (names.length < 2) return null;
  return (
    <Group>
      <SegmentedControl
        aria-label="Show what is in"
        value={region ?? everywhere}
        data={[everywhere, ...names]}
        onChange={(value) =>
          void navigate({
            search: (before) => ({ ...before, region: value === everywhere ? undefined : value, page: undefined }),
            resetScroll: false,
          })
        }
      />
    </Group>
  );
};
