import { Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { TokenView } from '@lapidary/contracts/api/tokens';
import { revokeToken, tokensQuery } from '../api/token-queries.js';
import { ConfirmModal } from '../shell/confirm-modal.js';
import { quoted } from '../shell/quoted.js';
import { reasonProblem } from '../shell/reason-problem.js';

export const RevokeModal = ({ token: { name }, close }: { token: TokenView; close: () => void }): ReactNode => {
  const queries = useQueryClient();
  return (
    <ConfirmModal
      title={`Revoke ${name}`}
      explanation={
        <Text size="sm">
          Whoever holds it is nobody within a second, and so are the sessions that were begun with it. It can’t be taken back, and the name
          stays taken.
        </Text>
      }
      label="Reason"
      initial=""
      action="Revoke"
      command={(reason) => `stampctl tokens revoke ${name} --reason ${quoted(reason)}`}
      problemWith={reasonProblem}
      submit={async (reason) => {
        await revokeToken(name, reason);
        await queries.invalidateQueries({ queryKey: tokensQuery.queryKey });
      }}
      close={close}
    />
  );
};
