import { Button, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { verifyChain } from '../api/audit-queries.js';
import { Panel } from '../shell/panel.js';
import { ProblemAlert } from '../shell/problem-alert.js';
import { regionOption } from '../shell/region-option.js';
import { Status } from '../shell/status.js';

/** Each row holds the hash of the one before: recomputing all of them shows what was changed, dropped or put in between. */
export const ChainPanel = ({ region }: { region: string | undefined }): ReactNode => {
  const check = useMutation({ mutationFn: () => verifyChain(region) });
  return (
    <Panel
      title="Chain"
      command={`stampctl audit verify${regionOption(region)}`}
      actions={
        <Button size="xs" variant="default" loading={check.isPending} onClick={() => check.mutate()}>
          Verify
        </Button>
      }
    >
      <Stack gap="xs">
        {check.error && <ProblemAlert error={check.error} />}
        <Text size="sm" component="div" role="status">
          {check.isPending ? (
            'Every row is read and its hash computed anew; a million take a minute or so.'
          ) : check.data === undefined ? (
            'Not verified since this page was opened. It reads every row, and needs the role admin.'
          ) : check.data.broken === null ? (
            <Status value="passed">unbroken: {check.data.checked.toLocaleString('en')} rows are as they were written</Status>
          ) : (
            <span className="bad">
              Broken at {check.data.broken.sequence.toLocaleString('en')}: {check.data.broken.why}.{' '}
              {check.data.checked.toLocaleString('en')} rows before it are good.
            </span>
          )}
        </Text>
      </Stack>
    </Panel>
  );
};
