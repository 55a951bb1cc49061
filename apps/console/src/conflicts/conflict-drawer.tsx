import { Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { ConflictView } from '@lapidary/contracts/api/replication';
import { conflictQuery } from '../api/ledger-queries.js';
import { valueText } from '../drift/value-text.js';
import { CopyCommand } from '../shell/copy-command.js';
import { Fact } from '../shell/fact.js';
import { Loaded } from '../shell/panel.js';
import { SideDrawer } from '../shell/side-drawer.js';
import { TimeAgo } from '../shell/time-ago.js';
import { sideOf } from './conflict-side.js';

/** One conflict with both values in full: what lost is kept here and nowhere else. */
export const ConflictDrawer = ({ id, region, close }: { id: string; region: string | undefined; close: () => void }): ReactNode => (
  <SideDrawer title="Conflict" close={close}>
    <Loaded query={useQuery(conflictQuery(id, region))}>{(conflict) => <Detail conflict={conflict} />}</Loaded>
  </SideDrawer>
);

const Detail = ({ conflict }: { conflict: ConflictView }): ReactNode => (
  <Stack>
    <div>
      <Title order={2} size="h4" style={{ overflowWrap: 'anywhere' }}>
        {conflict.subject}
      </Title>
      <Text size="sm" c="dimmed">
        found <TimeAgo at={conflict.detectedAt} />
      </Text>
    </div>
    <dl className="facts">
      <Fact name="collection">{conflict.collection ?? 'names'}</Fact>
      {conflict.tenant !== null && conflict.tenant !== '' && <Fact name="tenant">{conflict.tenant}</Fact>}
      {conflict.field !== null && <Fact name="field">{conflict.field}</Fact>}
      <Fact name="policy">{conflict.policy}</Fact>
      <Fact name="cause">{conflict.cause}</Fact>
    </dl>
    <Side title="What lost" side={conflict.loser} />
    <Side title="What stands" side={conflict.winner} />
    <CopyCommand command={`stampctl conflicts show ${conflict.id}`} />
  </Stack>
);

const Side = ({ title, side }: { title: string; side: unknown }): ReactNode => {
  const { region, at, value } = sideOf(side);
  return (
    <section aria-label={title}>
      <Title order={3} size="h5" mb={4}>
        {title}
      </Title>
      <dl className="facts">
        {region !== null && <Fact name="region">{region}</Fact>}
        {at !== null && <Fact name="version">{at}</Fact>}
        <Fact name="value">{valueText(value)}</Fact>
      </dl>
    </section>
  );
};
