import { Button, Group, SegmentedControl, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { tokenStateAt, type TokenView } from '@lapidary/contracts/api/tokens';
import { sessionQuery } from '../api/queries.js';
import { tokensMax, tokensQuery } from '../api/token-queries.js';
import { useLive } from '../live/use-live.js';
import { PageShell } from '../shell/page-shell.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { CreateTokenModal } from './create-token-modal.js';
import { RevokeModal } from './revoke-modal.js';
import { TokensTable } from './tokens-table.js';

type Open = 'create' | TokenView | null;

/** Who may call the region that is asked: each keeps its own callers, so that it knows them while it is cut off. */
export const TokensPage = (): ReactNode => {
  const live = useLive();
  const region = useQuery(sessionQuery).data?.region;
  const { show } = useSearch({ from: '/tokens' });
  const [open, setOpen] = useState<Open>(null);
  const close = (): void => setOpen(null);
  return (
    <PageShell live={live}>
      <Panel
        title="API tokens"
        command="stampctl tokens ls"
        actions={
          <Group gap="sm">
            <Which show={show} />
            <Button size="xs" onClick={() => setOpen('create')}>
              Let somebody in
            </Button>
          </Group>
        }
      >
        <Text size="sm" c="dimmed" mb="xs">
          Good at {region === undefined ? 'this region' : `region ${region}`}, which keeps its own. Tokens of stamps’ workloads are not
          among them.
        </Text>
        <Loaded query={useQuery(tokensQuery)}>
          {({ items, truncated }) => {
            const shown = items.filter((token) => show === 'all' || !isOver(token));
            return shown.length === 0 ? (
              <Empty command="stampctl tokens create deploys --role operator --valid-for 90d">
                No token is good here. To let somebody in:
              </Empty>
            ) : (
              <>
                <TokensTable tokens={shown} revoke={setOpen} />
                {truncated && (
                  <Text size="sm" c="dimmed" mt="sm">
                    The first {tokensMax.toLocaleString('en')} of more; stampctl lists all.
                  </Text>
                )}
              </>
            );
          }}
        </Loaded>
      </Panel>
      {open === 'create' && <CreateTokenModal close={close} />}
      {open !== null && open !== 'create' && <RevokeModal token={open} close={close} />}
    </PageShell>
  );
};

const isOver = (token: TokenView): boolean => ['revoked', 'ended'].includes(tokenStateAt(token, Date.now()));

const Which = ({ show }: { show: 'all' | undefined }): ReactNode => {
  const navigate = useNavigate({ from: '/tokens' });
  return (
    <SegmentedControl
      size="xs"
      aria-label="Which tokens"
      value={show ?? 'current'}
      data={['current', 'all']}
      onChange={(value) => void navigate({ search: value === 'all' ? { show: 'all' } : {}, resetScroll: false })}
    />
  );
};
