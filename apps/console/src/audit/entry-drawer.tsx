import { Code, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { AuditEntry } from '@lapidary/contracts/api/system';
import { ExactTime } from '../shell/exact-time.js';
import { Fact } from '../shell/fact.js';
import { SideDrawer } from '../shell/side-drawer.js';

/** One row in full. The API has rows by the page only, so one that is far back is not there until its page was read. */
export const EntryDrawer = ({ id, entry, close }: { id: string; entry: AuditEntry | undefined; close: () => void }): ReactNode => (
  <SideDrawer title="Audit entry" close={close}>
    {entry ? (
      <EntryDetail entry={entry} />
    ) : (
      <Text size="sm" role="status">
        {id} is not among the rows that are listed. Filter by its subject, or ask for older ones.
      </Text>
    )}
  </SideDrawer>
);

const EntryDetail = ({ entry }: { entry: AuditEntry }): ReactNode => (
  <Stack>
    <Title order={2} size="h4" style={{ overflowWrap: 'anywhere' }}>
      {entry.action} {entry.subject}
    </Title>
    <dl className="facts">
      <Fact name="when">
        <ExactTime at={entry.at} />
      </Fact>
      <Fact name="who">{entry.actor}</Fact>
      <Fact name="why">{entry.reason ?? 'no reason given'}</Fact>
      <Fact name="request">{entry.requestId}</Fact>
      <Fact name="row">{entry.id}</Fact>
      <Fact name="in the chain">{entry.sequence === null ? 'not sealed yet' : `at ${entry.sequence.toLocaleString('en')}`}</Fact>
      {entry.hash !== null && <Fact name="hash">{entry.hash}</Fact>}
    </dl>
    {entry.change !== null && (
      <section aria-label="What was changed">
        <Title order={3} size="h5" mb={4}>
          What was changed
        </Title>
        <Code block tabIndex={0} mah={360} style={{ overflow: 'auto' }}>
          {JSON.stringify(entry.change, null, 2)}
        </Code>
      </section>
    )}
  </Stack>
);
