import { Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { FindingView } from '@lapidary/contracts/api/drift';
import { findingQuery } from '../api/queries.js';
import { CopyCommand } from '../shell/copy-command.js';
import { exactText } from '../shell/exact-time.js';
import { Fact } from '../shell/fact.js';
import { Loaded } from '../shell/panel.js';
import { SideDrawer } from '../shell/side-drawer.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';
import { valueText } from './value-text.js';

/** One finding with both sides in full, and what can be done about it. */
export const FindingDrawer = ({ id, close }: { id: string; close: () => void }): ReactNode => (
  <SideDrawer title="Finding" close={close}>
    <Loaded query={useQuery(findingQuery(id))}>{(finding) => <FindingDetail finding={finding} />}</Loaded>
  </SideDrawer>
);

const FindingDetail = ({ finding }: { finding: FindingView }): ReactNode => (
  <Stack>
    <div>
      <Title order={2} size="h4">
        {finding.subject}{' '}
        <Text component="span" size="sm" ml="xs">
          <Status value={finding.state === 'open' ? finding.severity : finding.state} />
        </Text>
      </Title>
      <Text size="sm" c="dimmed">
        found by {finding.kind}, first <TimeAgo at={finding.firstSeen} />, last <TimeAgo at={finding.lastSeen} />, in {finding.timesSeen}{' '}
        {finding.timesSeen === 1 ? 'look' : 'looks'}; {finding.owner} looks after it
      </Text>
    </div>
    <dl className="facts">
      <Fact name="at">{finding.path}</Fact>
      <Fact name="expected">{valueText(finding.expected)}</Fact>
      <Fact name="observed">{valueText(finding.observed)}</Fact>
      {finding.suppressedUntil !== null && <Fact name="hidden until">{exactText(finding.suppressedUntil)}</Fact>}
    </dl>
    {finding.state === 'open' && <WhatToDo finding={finding} />}
    {finding.suppression !== null && <CopyCommand command={`stampctl drift unsuppress ${finding.suppression}`} />}
    <CopyCommand command={`stampctl drift show ${finding.id}`} />
  </Stack>
);

const WhatToDo = ({ finding: { id, subject } }: { finding: FindingView }): ReactNode => {
  const [noun, name] = subject.split('/');
  return (
    <Stack gap="xs">
      {noun === 'stamp' && (
        <>
          <Text size="sm">See what the template would change, and make it so:</Text>
          <CopyCommand command={`stampctl diff ${name}`} />
          <CopyCommand command={`stampctl provision ${name}`} />
        </>
      )}
      <Text size="sm">Or let it stand for a while; it needs an owner, a reason and an end:</Text>
      <CopyCommand command={`stampctl drift suppress ${id} --owner <who> --reason <why> --for 7d`} />
    </Stack>
  );
};
