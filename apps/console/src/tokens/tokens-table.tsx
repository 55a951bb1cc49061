import { Button, Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { everyRegion, tokenStateAt, type TokenView } from '@lapidary/contracts/api/tokens';
import { ExactTime } from '../shell/exact-time.js';
import { HeadedTable } from '../shell/headed-table.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';

export const TokensTable = ({ tokens, revoke }: { tokens: readonly TokenView[]; revoke: (token: TokenView) => void }): ReactNode => (
  <HeadedTable
    label="Tokens"
    head={['Token', 'State', 'Roles', 'Ends', 'Created', { children: <span className="quiet">Actions</span> }]}
    highlightOnHover
  >
    {tokens.map((token) => (
      <Table.Tr key={token.name} data-testid={`token-${token.name}`}>
        <Table.Th scope="row" fw={400} style={{ minWidth: 120, overflowWrap: 'anywhere' }}>
          <Link to="/audit" search={{ subject: `token/${token.name}` }} className="linklike" title="Who let it in, and why">
            {token.name}
          </Link>
        </Table.Th>
        <Table.Td>
          <State token={token} />
        </Table.Td>
        <Table.Td style={{ minWidth: 140 }}>{rolesText(token)}</Table.Td>
        <Table.Td className="numeric">{token.expiresAt === null ? 'never' : <ExactTime at={token.expiresAt} />}</Table.Td>
        <Table.Td className="numeric">
          <TimeAgo at={token.createdAt} />
        </Table.Td>
        <Table.Td>
          {token.revokedAt === null && (
            <Button size="compact-xs" variant="default" aria-label={`Revoke ${token.name}`} onClick={() => revoke(token)}>
              Revoke
            </Button>
          )}
        </Table.Td>
      </Table.Tr>
    ))}
  </HeadedTable>
);

export const rolesText = ({ bindings }: Pick<TokenView, 'bindings'>): string =>
  bindings.map(({ role, region }) => (region === everyRegion ? `${role} everywhere` : `${role} in ${region}`)).join(', ') || 'none';

const State = ({ token }: { token: TokenView }): ReactNode => {
  const state = tokenStateAt(token, Date.now());
  return (
    <>
      <Status value={state} />
      {state === 'held' && (
        <Text size="xs" className="passing">
          since the restore <TimeAgo at={token.heldAt} />
        </Text>
      )}
      {state === 'revoked' && (
        <Text size="xs" c="dimmed" className="numeric">
          <TimeAgo at={token.revokedAt} />
        </Text>
      )}
    </>
  );
};
