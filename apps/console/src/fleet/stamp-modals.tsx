import { Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { isStampName } from '@lapidary/kernel/names';
import type { StampView } from '@lapidary/contracts/api/stamps';
import { cordonStamp, provisionStamp, uncordonStamp } from '../api/commands.js';
import { jobsQuery, stampsQuery } from '../api/queries.js';
import { ConfirmModal } from '../shell/confirm-modal.js';
import { quoted } from '../shell/quoted.js';

const reasonLengthMax = 500;

export const CordonModal = ({ stamp, close }: { stamp: StampView; close: () => void }): ReactNode => {
  const queries = useQueryClient();
  return (
    <ConfirmModal
      title={`Cordon ${stamp.name}`}
      explanation={<Text size="sm">No new tenants are placed on it. The {stamp.tenants} it holds stay and are served.</Text>}
      label="Reason"
      initial=""
      action="Cordon"
      command={(reason) => `stampctl stamps cordon ${stamp.name} --reason ${quoted(reason)}`}
      problemWith={(reason) =>
        reason === ''
          ? 'Say why: whoever meets the cordon must know when it may go.'
          : reason.length > reasonLengthMax
            ? 'That is too long.'
            : null
      }
      submit={async (reason) => {
        await cordonStamp(stamp.name, reason);
        await queries.invalidateQueries({ queryKey: stampsQuery.queryKey });
      }}
      close={close}
    />
  );
};

export const UncordonModal = ({ stamp, close }: { stamp: StampView; close: () => void }): ReactNode => {
  const queries = useQueryClient();
  return (
    <ConfirmModal
      title={`Uncordon ${stamp.name}`}
      explanation={<Text size="sm">It was cordoned for: {stamp.cordonReason ?? 'no reason given'}. Type its name if that is over.</Text>}
      label="Name of the stamp"
      initial={stamp.name}
      action="Uncordon"
      command={() => `stampctl stamps uncordon ${stamp.name}`}
      problemWith={(name) => (name === stamp.name ? null : 'That is not its name.')}
      submit={async () => {
        await uncordonStamp(stamp.name);
        await queries.invalidateQueries({ queryKey: stampsQuery.queryKey });
      }}
      close={close}
    />
  );
};

export const ProvisionModal = ({ suggested, close }: { suggested: string; close: () => void }): ReactNode => {
  const queries = useQueryClient();
  const navigate = useNavigate({ from: '/' });
  return (
    <ConfirmModal
      title="Provision a stamp"
      explanation={
        <Text size="sm">Brings the stamp into being from the template, or up to date with its spec. You can watch every step.</Text>
      }
      label="Name, <region>-<number>"
      initial={suggested}
      action="Provision"
      command={(name) => `stampctl provision ${name}`}
      problemWith={(name) => (isStampName(name) ? null : 'A stamp’s name is its region and a number, like eu-2.')}
      submit={async (name) => {
        const job = await provisionStamp(name);
        await queries.invalidateQueries({ queryKey: jobsQuery.queryKey });
        await navigate({ search: (before) => ({ ...before, job: job.id }) });
      }}
      close={close}
    />
  );
};
