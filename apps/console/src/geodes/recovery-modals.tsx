import { Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { RecoveryAct } from '@lapidary/contracts/api/recovery';
import { geodesKey, openGeode, reseedGeode } from '../api/geode-queries.js';
import { ConfirmModal } from '../shell/confirm-modal.js';
import { quoted } from '../shell/quoted.js';
import { reasonProblem } from '../shell/reason-problem.js';

interface RecoveryModalProps {
  readonly region: string;
  readonly close: () => void;
}

export const OpenModal = ({ region, without, close }: RecoveryModalProps & { readonly without: readonly string[] }): ReactNode => (
  <RecoveryModal
    title={`Open ${region} without ${without.join(', ')}`}
    explanation={`What only ${without.join(', ')} ${without.length === 1 ? 'holds' : 'hold'} of stamps, tenants, placements and names of ${region} is lost. Documents are merged when it is heard again; until then rights of bounded counters are not used.`}
    action="Open"
    command={(reason) => `stampctl geode open --without ${without.join(',')} --reason ${quoted(reason)}`}
    act={(reason) => openGeode(without, reason)}
    close={close}
  />
);

export const ReseedModal = ({ region, close }: RecoveryModalProps): ReactNode => (
  <RecoveryModal
    title={`Fill ${region} anew`}
    explanation={`${region} is emptied of documents, and gets them again from the others. Those that no other region holds are lost.`}
    action="Fill anew"
    command={(reason) => `stampctl geode reseed --reason ${quoted(reason)}`}
    act={reseedGeode}
    close={close}
  />
);

interface ActProps extends Omit<RecoveryModalProps, 'region'> {
  readonly title: string;
  readonly explanation: string;
  readonly action: string;
  readonly command: (reason: string) => string;
  readonly act: (reason: string) => Promise<RecoveryAct>;
}

const RecoveryModal = ({ title, explanation, action, command, act, close }: ActProps): ReactNode => {
  const queries = useQueryClient();
  return (
    <ConfirmModal
      title={title}
      explanation={<Text size="sm">{explanation}</Text>}
      label="Reason"
      initial=""
      action={action}
      command={command}
      problemWith={reasonProblem}
      submit={async (reason) => {
        await act(reason);
        await queries.invalidateQueries({ queryKey: geodesKey });
      }}
      close={close}
    />
  );
};
